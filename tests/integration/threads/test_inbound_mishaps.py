"""What came back, was called spam or was rejected marks its message and thread, and its recipient gets no more mail."""

from __future__ import annotations

from typing import Any

import pytest

from shared.content.model import MailContent
from tests.integration.threads.bench import WORKSPACE, Bench
from tests.integration.threads.inbox import INBOX, Inbox
from tests.integration.threads.post_office import Message, PostOffice


async def sent(
    office: PostOffice, content: MailContent | None = None, participant: str = "ann@example.com"
) -> Message:
    message = await office.queued(participant, content or MailContent(subject="Hi", text="Hello"))
    await office.work()
    return message


async def befall(inbox: Inbox, kind: str, message: Message, **told: Any) -> None:
    row = await message.row()
    name = {"bounced": "bounce", "complained": "complaint", "rejected": "reject"}[kind]
    about = {"inbox_id": INBOX, "message_id": row["provider_message_id"] or "<unknown@there>", **told}
    await inbox.report(f"message.{kind}", {name: about})
    await inbox.work()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("bounced", {"type": "Permanent", "recipients": [{"address": "ANN@example.com", "status": "5.1.1"}]}),
        ("complained", {"type": "abuse", "recipients": ["Ann <ann@example.com>"]}),
    ],
)
async def test_a_message_that_came_back_or_was_called_spam_is_the_last_to_its_recipient(
    bench: Bench, office: PostOffice, inbox: Inbox, kind: str, told: dict[str, Any]
) -> None:
    message = await sent(office)

    await befall(inbox, kind, message, **told)

    assert await message.status() == kind
    thread = await bench.row("thread", message.thread_id)
    assert (thread["is_bounced"], thread["status"], thread["sent"]) == (True, "active", 1)
    assert await message.names() == ["message_queued", "message_sent", f"message_{kind}"]
    fact = (await bench.facts(message.thread_id))[-1]
    assert fact.data["message"]["failure"]["code"] == kind
    assert await suppressed(inbox) == {"ann@example.com": kind}
    (told_of,) = [each for each in await bench.told() if each.type == "mailwright.suppression.added.v1"]
    assert told_of.data["suppression"]["message_id"] == str(message.id)
    _, request_id = await bench.send(message.thread_id)
    assert await bench.code(request_id) == "recipient_suppressed"
    await bench.lift("ann@example.com")
    _, request_id = await bench.send(message.thread_id)
    await office.work()
    assert await bench.code(request_id) is None


async def test_a_passing_bounce_marks_the_message_and_suppresses_nobody(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)

    await befall(inbox, "bounced", message, type="Transient", recipients=[{"address": "ann@example.com"}])

    assert await message.status() == "bounced"
    assert (await bench.row("thread", message.thread_id))["is_bounced"]
    assert await suppressed(inbox) == {}


async def test_a_copy_that_bounces_suppresses_its_address_only(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office, MailContent(subject="Hi", text="Hello", cc="Bob <bob@example.com>"))

    await befall(inbox, "bounced", message, type="Permanent", recipients=[{"address": "bob@example.com"}])

    assert await message.status() == "sent"
    assert not (await bench.row("thread", message.thread_id))["is_bounced"]
    assert await suppressed(inbox) == {"bob@example.com": "bounced"}


async def test_a_rejected_message_was_not_sent_after_all(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)

    await befall(inbox, "rejected", message, reason="a virus")

    row = await message.row()
    assert (row["status"], row["failure_code"]) == ("failed", "message_rejected")
    thread = await bench.row("thread", message.thread_id)
    assert (thread["is_bounced"], thread["sent"]) == (False, 0)
    assert await suppressed(inbox) == {}


async def test_repeated_and_contradicting_news_change_nothing_more(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)
    for kind in ("bounced", "bounced", "complained", "bounced", "rejected"):
        await befall(inbox, kind, message)

    assert (await message.names())[2:] == ["message_bounced", "message_complained"]
    assert await suppressed(inbox) == {"ann@example.com": "bounced"}


async def test_news_of_a_message_whose_sending_is_not_concluded_waits(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await office.queued()
    named = f"<{message.id}@myagentmail.com>"
    await inbox.report("message.bounced", {"bounce": {"inbox_id": INBOX, "message_id": named}})
    await inbox.work()
    assert await message.status() == "queued"

    await office.work()
    bench.clock.pass_(seconds=5)
    await inbox.work()

    assert await message.status() == "bounced"


async def test_news_of_mail_that_did_not_leave_from_here_is_given_up(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    await inbox.report("message.bounced", {"bounce": {"inbox_id": INBOX, "message_id": "<warmup@there>"}})

    for _ in range(10):
        await inbox.work()
        bench.clock.pass_(minutes=2)

    assert await bench.pieces() == 0
    assert await suppressed(inbox) == {}


async def test_what_an_erased_thread_sent_still_suppresses(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    message = await sent(office)
    await bench.erase(message.thread_id)

    await befall(inbox, "complained", message, recipients=["ann@example.com"])

    assert (await bench.names(message.thread_id))[-1] == "erased"
    assert await suppressed(inbox) == {"ann@example.com": "complained"}


async def test_the_simulators_scripted_recipients_say_what_the_provider_would(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    hook = {"url": "http://127.0.0.1:9/", "event_types": ["message.bounced"]}
    inbox.simulator.post("/agentmail/v0/webhooks", hook)
    message = await sent(office, participant="bounce-1@example.com")
    (delivery,) = inbox.simulator.http.get("/_sim/state").json()["agentmail"]["deliveries"]

    await inbox.report_word_for_word(delivery["body"])
    await inbox.work()

    assert await message.status() == "bounced"


async def suppressed(inbox: Inbox) -> dict[str, str]:
    rows = await inbox.pool.fetch(
        "select address, reason from suppression where workspace_id = $1 and lifted_at is null",
        WORKSPACE,
    )
    return {row["address"]: row["reason"] for row in rows}
