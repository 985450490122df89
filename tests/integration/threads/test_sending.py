"""A queued message leaves once; whatever its provider says or fails to say, it ends as sent, failed or unknown."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.accounts import AccountChanged
from shared.contracts.threads import ThreadingMode
from shared.contracts.warmups import WarmupStatus
from tests.integration.threads.bench import HELLO
from tests.integration.threads.post_office import SAM, Message, PostOffice
from tests.support.eventually import eventually

NEXT = 35.0
"""Seconds after which every next try is due."""


async def test_a_message_leaves_and_its_request_is_answered(office: PostOffice) -> None:
    message = await office.queued()

    assert await office.work() == 1

    row, mails = await message.row(), office.simulator.http.get("/_sim/state").json()["agentmail"]["messages"]
    assert [row["provider_message_id"]] == office.left()
    assert (row["status"], row["sent_at"]) == ("sent", office.bench.clock.instant)
    (mail,) = mails
    assert (mail["from"], mail["to"], mail["subject"], mail["text"]) == (
        SAM, ["ann@example.com"], HELLO.subject, HELLO.text,
    )  # fmt: skip
    assert mail["labels"] == ["sent", f"mw-{message.id}"]
    assert mail["headers"] == {"Message-ID": f"<{message.id}@myagentmail.com>"}
    assert (await office.bench.row("thread", message.thread_id))["provider_thread_id"] == mail["thread_id"]
    assert await message.names() == ["message_queued", "message_sent"]
    answer = await message.answer()
    assert (answer["outcome"], answer["subject_id"], answer["needs"], answer["details"]) == (
        "done", str(message.thread_id), {"thread": 3}, {"message_id": str(message.id)},
    )  # fmt: skip
    assert await office.work(hours=1) == 0


async def test_a_reply_goes_to_the_message_it_answers(office: PostOffice) -> None:
    first = await office.queued()
    await office.work()

    await office.another(first, mode=ThreadingMode.REPLY)
    await office.work()

    mails = office.simulator.http.get("/_sim/state").json()["agentmail"]["messages"]
    assert mails[1]["in_reply_to"] == mails[0]["message_id"]
    assert mails[1]["to"] == ["ann@example.com"]
    assert len(office.left()) == 2


async def test_the_messages_of_a_thread_leave_one_after_another_and_threads_side_by_side(
    office: PostOffice,
) -> None:
    first = await office.queued()
    office.bench.clock.pass_(seconds=1)
    second = await office.another(first)
    other = await office.queued("bob@example.com", account_id=first.account_id)
    office.refuse(429, "rate_limit_exceeded", retry_after=20)

    assert await office.work() == 2
    assert [await each.status() for each in (first, second, other)] == ["queued", "queued", "sent"]
    assert await office.work() == 0, "the second waits for the first"
    await office.work(seconds=NEXT)
    await office.work()

    assert await first.names() == ["message_queued", "message_queued", "message_sent", "message_sent"]
    assert (await first.row())["sent_at"] <= (await second.row())["sent_at"]


async def test_a_refusal_ends_it_and_gives_the_day_back(office: PostOffice) -> None:
    message = await office.queued()
    assert await office.bench.sent_on(message.account_id) == 1
    office.refuse(403, "message_rejected")

    await office.work()

    assert await message.names() == ["message_queued", "message_failed"]
    answer = await message.answer()
    assert (answer["outcome"], answer["code"]) == ("failed", "message_refused")
    assert (await message.row())["failure_code"] == "message_refused"
    assert office.left() == []
    assert await office.bench.sent_on(message.account_id) == 0
    assert (await office.bench.row("thread", message.thread_id))["sent"] == 0


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "rate_limit_exceeded"), (401, "unknown_api_key"), (403, "limit_exceeded")],
)
async def test_what_is_no_fault_of_the_message_makes_it_wait_untouched(
    office: PostOffice, status: int, code: str
) -> None:
    message = await office.queued()
    office.refuse(status, code, retry_after=20)

    await office.work()

    assert (await message.status(), await message.is_touched()) == ("queued", False)
    if status == 429:
        assert await office.work(seconds=19) == 0, "it was asked to wait"
    await office.work(seconds=NEXT)
    assert (await message.status(), len(office.left())) == ("sent", 1)


async def test_an_inbox_that_cannot_send_yet_is_waited_for_a_minute(office: PostOffice) -> None:
    message = await office.queued()
    office.refuse(404, "not_found", times=100)

    for _ in range(3):
        await office.work(seconds=25)
    assert (await message.status(), await message.is_touched()) == ("queued", False)
    await office.work(seconds=NEXT)

    assert await message.names() == ["message_queued", "message_failed"]
    assert (await message.answer())["code"] == "message_refused"


@pytest.mark.promise("I11")
@pytest.mark.parametrize(
    ("kind", "when", "more"),
    [
        ("timeout", "before", {}),
        ("timeout", "after", {}),
        ("drop", "before", {}),
        ("drop", "after", {}),
        ("malformed", "after", {}),
        ("status", "before", {"status": 500}),
        ("status", "after", {"status": 502}),
    ],
)
async def test_silence_is_no_reason_to_send_twice(
    office: PostOffice, kind: str, when: str, more: dict[str, Any]
) -> None:
    message = await office.queued()
    office.fault(kind, when=when, **more)
    if kind == "timeout":
        office.give_up_after(0.3)

    await office.work()
    office.give_up_after(30.0)
    assert (await message.status(), await message.is_touched()) == ("queued", True)
    assert len(office.left()) == (when == "after")
    await office.work(seconds=NEXT)

    assert await message.names() == ["message_queued", "message_sent"]
    assert [(await message.row())["provider_message_id"]] == office.left()


@pytest.mark.promise("I11")
@pytest.mark.parametrize("lands", ["before the next call", "after it"])
async def test_an_effect_that_lands_late_is_the_same_one(office: PostOffice, lands: str) -> None:
    message = await office.queued()
    office.fault("late", delay_seconds=1.5 if lands == "after it" else 0.0)
    await office.work()
    if lands == "after it":
        await office.work(seconds=NEXT)
        assert (await message.status(), office.left()) == ("queued", []), "its key is in use"
    await eventually(office.left)

    await office.work(seconds=NEXT)

    assert [(await message.row())["provider_message_id"]] == office.left()
    assert await message.names() == ["message_queued", "message_sent"]


@pytest.mark.promise("I11")
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_key_that_is_in_use_makes_us_look(office: PostOffice, when: str) -> None:
    message = await office.queued()
    office.refuse(409, "conflict", when=when)

    await office.work()

    if when == "before":
        assert (await message.status(), await message.is_touched()) == ("queued", True)
        await office.work(seconds=NEXT)
    assert await message.names() == ["message_queued", "message_sent"]
    assert len(office.left()) == 1
    assert len(office.simulator.calls("messages.list")) == 1


async def test_an_account_that_may_not_send_any_more_sends_nothing(office: PostOffice) -> None:
    message = await office.queued()
    await office.bench.warmup(message.account_id, WarmupStatus.BANNED, version=2)

    await office.work()

    assert await message.names() == ["message_queued", "message_failed"]
    assert (await message.answer())["code"] == "account_not_ready"
    assert office.simulator.calls("messages.send") == []


async def suspended_after(office: PostOffice, when: str) -> Message:
    """A message whose first call got no answer, from an account that was suspended then."""
    message = await office.queued()
    office.fault("drop", when=when)
    await office.work()
    await office.bench.account(fact=AccountChanged, version=2, account_id=message.account_id, suspended=True)
    return message


@pytest.mark.promise("I11")
async def test_what_may_have_left_is_looked_up_when_it_must_not_be_sent_again(office: PostOffice) -> None:
    message = await suspended_after(office, "after")

    await office.work(seconds=NEXT)

    assert await message.names() == ["message_queued", "message_sent"]
    assert len(office.simulator.calls("messages.send")) == 1


@pytest.mark.promise("I11")
async def test_what_did_not_leave_has_failed_once_nothing_can_land_any_more(office: PostOffice) -> None:
    message = await suspended_after(office, "before")

    await office.work(seconds=NEXT)
    assert await message.status() == "queued", "the call may still have its effect"
    await office.work(minutes=10)

    assert await message.names() == ["message_queued", "message_failed"]
    assert (await message.answer())["code"] == "account_not_ready"
    assert len(office.simulator.calls("messages.send")) == 1


@pytest.mark.promise("I11")
@pytest.mark.parametrize(("when", "end"), [("after", "message_sent"), ("before", "message_failed")])
async def test_a_forgotten_key_is_not_used_again(office: PostOffice, when: str, end: str) -> None:
    message = await office.queued()
    office.fault("drop", when=when)
    await office.work()
    office.simulator.advance(1.01)

    await office.work(hours=24)

    assert await message.names() == ["message_queued", end]
    assert len(office.simulator.calls("messages.send")) == 1
    assert len(office.left()) == (when == "after")


@pytest.mark.promise("I11")
async def test_what_cannot_be_found_out_is_unknown_and_never_sent_again(office: PostOffice) -> None:
    message = await suspended_after(office, "after")
    assert office.simulator.http.delete(f"/agentmail/v0/inboxes/{SAM}").is_success

    await office.work(seconds=NEXT)

    assert await message.names() == ["message_queued", "message_unknown"]
    answer = await message.answer()
    assert (answer["outcome"], answer["details"]) == ("done", {"message_id": str(message.id)})
    assert (await message.row())["failure_code"] == "message_outcome_unknown"
    assert await office.bench.sent_on(message.account_id) == 1, "it counts as if it had left"
    assert await office.work(hours=48) == 0


async def test_a_look_up_that_fails_for_days_leaves_it_unknown(office: PostOffice) -> None:
    message = await suspended_after(office, "before")
    office.fault("status", "messages.list", status=500, times=100)

    await office.work(hours=71)
    assert await message.status() == "queued"
    await office.work(hours=2)

    assert await message.status() == "unknown"
