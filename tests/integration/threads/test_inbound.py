"""Mail that arrives joins the thread it belongs to, once, whoever tells of it and however often."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock

import pytest

from services.threads.handlers import work_arrivals
from shared.contracts.accounts import AccountDeleting, AccountStatus
from shared.contracts.requests import Dialect
from shared.errors import MailwrightError
from shared.observability.failpoints import FailPointRaised
from tests.integration.threads.bench import Bench
from tests.integration.threads.inbox import INBOX, TAG, Inbox
from tests.integration.threads.post_office import Message, PostOffice

COMPLETE = {
    "inbox_id": INBOX,
    "thread_id": "t",
    "message_id": "<1@there>",
    "timestamp": "2026-03-01T00:00:00Z",
    "from": "ann@example.com",
    "text": "Hi",
}


async def sent(office: PostOffice, participant: str = "ann@example.com") -> Message:
    message = await office.queued(participant)
    await office.work()
    assert await message.status() == "sent"
    return message


async def test_a_mail_from_a_stranger_begins_an_active_thread(bench: Bench, inbox: Inbox) -> None:
    account_id = await bench.account()

    mail = await inbox.mail("Ann Lee <ANN@Example.com>", subject="Hel\r\nlo", text="Hi Sam")

    (thread,) = await inbox.threads()
    assert (thread["status"], thread["account_id"]) == ("active", account_id)
    assert (thread["participant_email"], thread["participant_name"]) == ("ann@example.com", "Ann Lee")
    assert (thread["received"], thread["last_direction"]) == (1, "inbound")
    (message,) = await inbox.messages(thread["id"])
    assert (message["direction"], message["status"]) == ("inbound", "received")
    assert (message["from_email"], message["to_email"]) == ("ann@example.com", INBOX)
    assert message["provider_message_id"] == mail["message_id"]
    content = await bench.content(message["content_ref"])
    assert content is not None
    assert (content.subject, content.text) == ("Hel lo", "Hi Sam")
    assert await bench.pieces() == 1, "what was reported is erased"
    (fact,) = await bench.facts(thread["id"])
    assert fact.name == "message_received"
    assert "Hi Sam" not in str(fact.data)


async def test_a_fact_about_mail_follows_from_the_report_of_it(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    reported = await inbox.report("message.received", {"message": inbox.arrive()})
    await inbox.work()

    (thread,) = await inbox.threads()
    (fact,) = await bench.facts(thread["id"])
    assert fact.causation_id == reported.id
    assert fact.time > reported.time


async def test_a_reply_joins_the_thread_of_what_it_answers(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)
    message_id = (await message.row())["provider_message_id"]

    await inbox.mail("colleague@example.com", in_reply_to=message_id)

    (thread,) = await inbox.threads()
    assert (thread["id"], thread["received"], thread["sent"]) == (message.thread_id, 1, 1)
    assert thread["participant_email"] == "ann@example.com"
    answer = (await inbox.messages(thread["id"]))[-1]
    assert (answer["from_email"], answer["in_reply_to"]) == ("colleague@example.com", message_id)


@pytest.mark.parametrize("header", ["references", "our own id"])
async def test_any_message_of_the_chain_leads_to_the_thread(
    office: PostOffice, inbox: Inbox, header: str
) -> None:
    message = await sent(office)
    row = await message.row()
    known = row["provider_message_id"] if header == "references" else f"<{message.id}@myagentmail.com>"

    await inbox.mail("colleague@example.com", in_reply_to="<lost@there>", references=["<older@there>", known])

    (thread,) = await inbox.threads()
    assert (thread["id"], thread["received"]) == (message.thread_id, 1)


async def test_without_any_header_the_providers_thread_leads_to_ours(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)
    provider_thread = (await bench.row("thread", message.thread_id))["provider_thread_id"]
    mail = inbox.arrive("colleague@example.com")

    await inbox.report("message.received", {"message": {**mail, "thread_id": provider_thread}})
    await inbox.work()

    (thread,) = await inbox.threads()
    assert (thread["id"], thread["received"]) == (message.thread_id, 1)


async def test_mail_of_the_participant_joins_the_pairs_thread_and_makes_a_draft_a_correspondence(
    bench: Bench, inbox: Inbox
) -> None:
    account_id = await bench.account()
    drafted, _ = await bench.draft(account_id, "ann@example.com")

    await inbox.mail("Ann <ANN@example.com>")

    (thread,) = await inbox.threads()
    assert (thread["id"], thread["status"], thread["received"]) == (drafted, "active", 1)
    assert thread["draft_ref"] is not None, "what was drafted is still there to be sent"
    assert await bench.names(drafted) == ["drafted", "message_received"]


async def test_an_archived_thread_takes_mail_and_stays_where_it_is(bench: Bench, inbox: Inbox) -> None:
    account_id = await bench.account()
    drafted, _ = await bench.draft(account_id, "ann@example.com")
    await bench.change(drafted, status="archived")

    await inbox.mail()

    (thread,) = await inbox.threads()
    assert (thread["id"], thread["status"], thread["received"]) == (drafted, "archived", 1)


async def test_a_live_thread_of_the_pair_is_preferred_to_an_archived_one(bench: Bench, inbox: Inbox) -> None:
    account_id = await bench.account()
    archived, _ = await bench.draft(account_id, "ann@example.com")
    await bench.change(archived, status="archived")
    live, _ = await bench.draft(account_id, "ann@example.com")

    await inbox.mail()

    assert (await bench.row("thread", live))["received"] == 1


async def test_nothing_comes_back_to_an_erased_thread(bench: Bench, office: PostOffice, inbox: Inbox) -> None:
    message = await sent(office)
    message_id = (await message.row())["provider_message_id"]
    first = await inbox.mail(in_reply_to=message_id)
    await bench.erase(message.thread_id)

    await inbox.report("message.received", {"message": first})
    await inbox.work()
    await inbox.mail(in_reply_to=message_id)

    erased, begun = await inbox.threads()
    assert (erased["id"], erased["status"]) == (message.thread_id, "erased")
    assert (begun["status"], begun["received"]) == ("active", 1)


@pytest.mark.contract("S3-31", "S3-27")
async def test_warmup_mail_has_a_thread_of_its_own_that_keeps_nobody_away(bench: Bench, inbox: Inbox) -> None:
    account_id = await bench.account()

    await inbox.mail(subject=f"Quick question | {TAG}")
    await inbox.mail(subject="Re: notes", text=f"sure\n{TAG.upper()}")
    _, request_id = await bench.draft(account_id, "ann@example.com")
    await inbox.mail(subject="A real question")

    assert await bench.code(request_id) is None
    warm, live = await inbox.threads()
    assert (warm["status"], warm["received"]) == ("warmup", 2)
    assert (live["status"], live["received"]) == ("active", 1)


async def test_a_mail_is_kept_once_however_often_it_is_told(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    mail = {"message": inbox.arrive()}

    first = await inbox.report("message.received", mail, event_id="evt_1")
    await inbox.report("message.received", mail, event_id="evt_1", content_ref=_ref(first))
    await inbox.report("message.received", mail, event_id="evt_1")
    await inbox.work()
    await inbox.report("message.received", mail, event_id="evt_2")
    await inbox.work()

    (thread,) = await inbox.threads()
    assert thread["received"] == 1
    assert await bench.pieces() == 1
    assert await inbox.work() == 0


async def test_a_body_that_was_too_large_for_the_webhook_is_fetched(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    mail = inbox.arrive(text="x" * 1_100_000)
    told = {name: value for name, value in mail.items() if name not in {"text", "html"}}

    await inbox.report("message.received", {"message": told})
    inbox.simulator.fault("agentmail", "messages.get", "status", status=503, times=1)
    await inbox.work()
    assert await inbox.threads() == [], "nothing is kept half"
    bench.clock.pass_(seconds=10)
    await inbox.work()

    (thread,) = await inbox.threads()
    (message,) = await inbox.messages(thread["id"])
    content = await bench.content(message["content_ref"])
    assert content is not None
    assert len(content.text or "") == 1_100_000


@pytest.mark.parametrize("kind", ["spam", "blocked", "unauthenticated"])
async def test_what_the_provider_finds_suspicious_is_kept_out(bench: Bench, inbox: Inbox, kind: str) -> None:
    await bench.account()
    mail = inbox.arrive(label=kind)

    await inbox.report(f"message.received.{kind}", {"message": mail})
    await inbox.report("message.received", {"message": mail})
    await inbox.work()

    assert await inbox.threads() == []
    assert await bench.pieces() == 0


async def test_what_nothing_follows_from_is_erased_at_once(bench: Bench, inbox: Inbox) -> None:
    for event_type in ("message.sent", "message.delivered", "message.opened", "domain.verified", "new.kind"):
        await inbox.report(event_type, {}, inbox_id=None)

    assert await bench.pieces() == 0
    assert await inbox.work() == 0


@pytest.mark.parametrize(
    "account",
    [
        {"dialect": Dialect.SENDMUX},
        {"dialect": Dialect.MYAGENTMAIL},
        {"status": AccountStatus.DELETING, "fact": AccountDeleting},
    ],
)
async def test_mail_of_accounts_without_threads_is_left_at_the_provider(
    bench: Bench, inbox: Inbox, account: dict[str, Any]
) -> None:
    await bench.account(**account)

    await inbox.mail()

    assert await inbox.threads() == []
    assert await bench.pieces() == 0


async def test_mail_that_overtakes_the_news_of_its_account_waits_for_it(bench: Bench, inbox: Inbox) -> None:
    await inbox.mail()
    assert await inbox.threads() == []
    await bench.account()

    bench.clock.pass_(seconds=1)
    await inbox.work()

    assert len(await inbox.threads()) == 1


async def test_mail_to_an_inbox_nobody_knows_is_given_up(bench: Bench, inbox: Inbox) -> None:
    await inbox.mail()

    for _ in range(10):
        bench.clock.pass_(minutes=2)
        await inbox.work()

    assert await bench.pieces() == 0
    assert await inbox.pool.fetchval("select count(*) from arrival where due_at is not null") == 0


@pytest.mark.parametrize(
    "payload",
    [{}, {"message": {"inbox_id": INBOX}}, {"message": {**COMPLETE, "attachments": [{"filename": "a.pdf"}]}}],
)
async def test_a_report_that_cannot_be_read_ends_and_is_erased(
    bench: Bench, inbox: Inbox, payload: dict[str, Any]
) -> None:
    await inbox.report("message.received", payload)

    await inbox.work()

    assert await bench.pieces() == 0
    assert await inbox.work() == 0


async def test_a_mail_whose_bodies_cannot_be_read_ends_and_is_erased(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.account()
    mail = inbox.arrive()
    inbox.spoil(monkeypatch, {mail["message_id"]: {"text": ["no", "text"]}})

    await inbox.report("message.received", {"message": {**mail, "text": None, "html": None}})
    await inbox.work()

    assert await bench.pieces() == 0
    assert await inbox.work() == 0


async def test_a_mail_that_crashes_the_work_again_and_again_is_given_up_and_erased(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.account()
    await inbox.report("message.received", {"message": inbox.arrive()})
    broken = AsyncMock(side_effect=RuntimeError("a bug"))
    monkeypatch.setattr(work_arrivals, "receive_mail", broken)

    waits = []
    for _ in range(work_arrivals.MOST_CRASHES - 1):
        with pytest.raises(RuntimeError):
            await inbox.work()
        waits.append(await inbox.pool.fetchval("select leased_until - now() from arrival"))
        assert await bench.pieces() == 1
        await inbox.pool.execute("update arrival set leased_until = '-infinity'")
    await inbox.work()

    # Each is looked at a moment after it began.
    fives = [round(wait.total_seconds() / 5) for wait in waits]
    assert (fives[:4], max(fives)) == ([3, 3, 6, 12], 720)
    assert await bench.pieces() == 0
    assert await inbox.work() == 0


async def test_a_mail_whose_work_crashed_for_a_while_is_kept(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.account()
    await inbox.report("message.received", {"message": inbox.arrive()})
    with monkeypatch.context() as broken:
        broken.setattr(work_arrivals, "receive_mail", AsyncMock(side_effect=RuntimeError("a bug")))
        with pytest.raises(RuntimeError):
            await inbox.work()

    await inbox.pool.execute("update arrival set leased_until = '-infinity'")
    await inbox.work()

    assert len(await inbox.threads()) == 1


async def test_a_worker_that_lost_its_lease_changes_nothing(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    await inbox.report("message.received", {"message": inbox.arrive()})
    (slow,) = await inbox.arrivals.claim(1)
    await inbox.pool.execute("update arrival set leased_until = '-infinity'")
    (quick,) = await inbox.arrivals.claim(1)

    await inbox.arrivals.run(slow)
    assert await inbox.threads() == []
    await inbox.arrivals.run(quick)
    await inbox.arrivals.run(slow)

    (thread,) = await inbox.threads()
    assert thread["received"] == 1


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_crash_neither_loses_nor_doubles_a_mail(
    bench: Bench, inbox: Inbox, arm: Any, point: str
) -> None:
    await bench.account()
    arm(f"threads.arrival.{point}")

    with pytest.raises(FailPointRaised) as raised:
        await inbox.mail()
    assert isinstance(raised.value, MailwrightError)
    await inbox.pool.execute("update arrival set leased_until = '-infinity'")
    await inbox.work()

    (thread,) = await inbox.threads()
    assert thread["received"] == 1
    assert await bench.names(thread["id"]) == ["message_received"]


async def test_mail_that_is_older_than_the_last_moves_nothing_back(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    await inbox.mail()
    (thread,) = await inbox.threads()
    late = {**inbox.arrive(), "timestamp": "2026-01-01T00:00:00Z"}

    await inbox.report("message.received", {"message": late})
    await inbox.work()

    (after,) = await inbox.threads()
    assert after["received"] == 2
    assert (after["last_message_at"], after["last_inbound_at"]) == (
        thread["last_message_at"],
        thread["last_inbound_at"],
    )


def _ref(event: Any) -> Any:
    return event.data.content_ref
