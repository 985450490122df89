"""A client sends: what is queued, what becomes of the draft, and every reason to say no."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.threads.suppressions import suppress
from shared.content.model import Attachment, MailContent
from shared.contracts.accounts import AccountDeleting, AccountStatus
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ThreadingMode, ThreadRequested
from shared.contracts.warmups import WarmupStatus
from shared.errors import NotYet
from tests.integration.threads.bench import CALLER, HELLO, START, TENANT, WORKSPACE, Bench, ids

FILE = Attachment(name="a.txt", bucket="mail", path="t/a.txt", mime_type="text/plain", size=1)


@pytest.mark.contract("S3-6", "S3-37")
async def test_a_message_is_queued_and_waits_for_its_worker_with_its_request(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)

    message, request = await bench.send(thread)

    [_, queued] = await bench.facts(thread)
    assert (queued.name, queued.request_id) == ("message_queued", request)
    assert (queued.data["thread"]["status"], queued.data["thread"]["sent"]) == ("active", 1)
    told = queued.data["message"]
    assert (told["message_id"], told["status"], told["threading_mode"]) == (
        str(message),
        "queued",
        "new_thread",
    )
    assert (told["from_email"], told["to_email"]) == ("sam@myagentmail.com", "ann@example.com")
    row = await bench.row("message", message)
    assert (row["request_id"], row["due_at"], row["intent_at"], row["day"]) == (
        request,
        START,
        None,
        START.date(),
    )
    assert await bench.sent_on(account) == 1
    assert [each.name for each in await bench.told(thread)].count("request_answered") == 1


async def test_the_draft_becomes_the_message_and_is_gone(bench: Bench) -> None:
    draft = MailContent(
        subject="Draft",
        text="Text",
        html="<p>Text</p>",
        cc="c@example.com",
        bcc="d@example.com",
        attachments=(FILE,),
    )
    account = await bench.account()
    thread, _ = await bench.draft(account, content=draft)

    message, _ = await bench.send(thread, MailContent(text="Text", cc=""))

    assert (await bench.row("thread", thread))["draft_ref"] is None
    sent = await bench.content((await bench.row("message", message))["content_ref"])
    assert sent == draft.model_copy(update={"cc": ""})
    assert await bench.pieces() == 1


@pytest.mark.contract("S3-12", "S3-35", "A26")
async def test_the_sender_may_be_given_with_the_message_unless_it_has_such_a_thread(bench: Bench) -> None:
    account, other = await bench.account(), await bench.account()
    thread, _ = await bench.draft(None)
    second, _ = await bench.draft(None)

    assert await bench.code((await bench.send(thread))[1]) == "account_missing"
    await bench.send(thread, account_id=account)
    assert (await bench.row("thread", thread))["account_id"] == account
    _, request = await bench.send(second, account_id=account)
    answer = await bench.answer(request)
    assert (answer["code"], answer["subject_id"]) == ("thread_exists", str(thread))
    assert await bench.sent_on(account) == 1
    assert await bench.code((await bench.send(thread, account_id=other))[1]) == "account_mismatch"
    assert await bench.names(second) == ["drafted"]


async def test_every_other_reason_to_say_no_leaves_nothing_behind(bench: Bench) -> None:
    account = await bench.account()
    nobody, _ = await bench.draft(account, None, None)
    empty, _ = await bench.draft(account, content=None)
    archived, _ = await bench.draft(account, "bob@example.com", None)
    await bench.change(archived, status="archived")
    warmup, _ = await bench.draft(account, "eve@example.com", None)
    await bench.pool.execute("update thread set status = 'warmup' where id = $1", warmup)

    refused = [
        (nobody, HELLO, None, "participant_missing"),
        (empty, MailContent(text="No subject"), None, "subject_missing"),
        (empty, MailContent(subject="No text", text=" \n"), None, "body_missing"),
        (empty, HELLO, ThreadingMode.REPLY, "nothing_to_reply_to"),
        (archived, HELLO, None, "thread_not_sendable"),
        (warmup, HELLO, None, "thread_not_sendable"),
    ]
    for thread, content, mode, code in refused:
        _, request = await bench.send(thread, content, mode=mode)
        assert await bench.code(request) == code
    assert await bench.pieces() == 0
    assert await bench.sent_on(account) == 0
    assert await bench.pool.fetchval("select count(*) from message") == 0


@pytest.mark.contract("S3-16", "A24")
async def test_a_sender_that_lost_its_readiness_sends_nothing(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    with pytest.raises(NotYet):
        await bench.send(thread, seen={"warmup": 2})
    await bench.warmup(account, WarmupStatus.WARMING, version=2)

    _, request = await bench.send(thread, seen={"warmup": 2})

    answer = await bench.answer(request)
    assert (answer["code"], answer["details"]["status"]) == ("account_not_ready", "warming")
    assert await bench.names(thread) == ["drafted"]


async def test_a_day_has_its_limit_and_the_next_one_another(bench: Bench) -> None:
    account = await bench.account(daily_limit=2)
    thread, _ = await bench.draft(account)
    bench.clock.instant = datetime(2026, 3, 1, 23, 59, 58, tzinfo=UTC)
    for _ in range(2):
        await bench.send(thread)

    _, request = await bench.send(thread)

    answer = await bench.answer(request)
    assert (answer["outcome"], answer["code"]) == ("refused", "daily_limit_reached")
    assert answer["details"] == {"limit": 2, "resets_at": "2026-03-02T00:00:00+00:00"}
    bench.clock.pass_(seconds=2)
    await bench.send(thread)
    assert await bench.sent_on(account) == 1
    nothing = await bench.account(daily_limit=0)
    other, _ = await bench.draft(nothing)
    assert await bench.code((await bench.send(other))[1]) == "daily_limit_reached"


async def test_held_back_recipients_get_nothing_until_a_client_lets_them(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    cause = Recorded(
        ids.new(), thread, START, TENANT, WORKSPACE, ThreadRequested(caller=CALLER, workspace_id=WORKSPACE)
    )
    async with bench.pool.acquire() as connection:
        for address in ("ann@example.com", "cc@example.com"):
            await suppress(
                connection, bench.recorder, cause, tenant_id=TENANT, workspace_id=WORKSPACE, address=address,
                reason="bounced", message_id=None,
            )  # fmt: skip

    _, request = await bench.send(thread)

    details = (await bench.answer(request))["details"]
    assert await bench.code(request) == "recipient_suppressed"
    assert (details["address"], details["reason"]) == ("ann@example.com", "bounced")
    assert datetime.fromisoformat(details["suppressed_at"]) == START
    await bench.done(await bench.lift("Ann@example.com"))
    assert await bench.code(await bench.lift("ann@example.com")) == "suppression_not_found"
    copied = HELLO.model_copy(update={"cc": '"Doe, C" <CC@example.com>, x@example.com'})
    assert await bench.code((await bench.send(thread, copied))[1]) == "recipient_suppressed"
    await bench.send(thread)
    assert "message_queued" in await bench.names(thread)


async def test_a_reply_answers_the_latest_mail_that_its_sender_has(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    first, _ = await bench.send(thread)
    await _left(bench, first, "<1@world>")

    new, _ = await bench.send(thread, MailContent(text="More"))
    reply, _ = await bench.send(thread, MailContent(text="More"), mode=ThreadingMode.REPLY)
    assert (await bench.row("message", new))["in_reply_to"] is None
    assert (await bench.row("message", reply))["in_reply_to"] == "<1@world>"
    subjects = [
        (await bench.content((await bench.row("message", each))["content_ref"])) for each in (new, reply)
    ]
    assert [each and each.subject for each in subjects] == ["Hello", "Re: Hello"]

    await bench.pool.execute(
        "update message set direction = 'inbound', status = 'received' where id = $1", first
    )
    bench.clock.pass_(hours=1)
    default, _ = await bench.send(thread, MailContent(text="Thanks"))
    row = await bench.row("message", default)
    assert (row["threading_mode"], row["in_reply_to"]) == ("reply", "<1@world>")


async def test_a_new_mail_without_a_subject_bears_the_threads_last(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    for subject in ("One", "Two", ""):
        message, _ = await bench.send(thread, MailContent(subject="x", text="T"))
        await bench.pool.execute(
            "update content.part set body = body || jsonb_build_object('subject', $2::text) where id = $1",
            (await bench.row("message", message))["content_ref"],
            subject,
        )

    last, _ = await bench.send(thread, MailContent(text="T"))

    content = await bench.content((await bench.row("message", last))["content_ref"])
    assert content is not None
    assert content.subject == "Two"


async def test_sending_in_a_long_thread_waits_for_none_of_its_messages(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    first, _ = await bench.send(thread)
    await _left(bench, first, "<1@world>")

    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from message where id = $1 for update", first)
        async with asyncio.timeout(5):
            reply, _ = await bench.send(thread, mode=ThreadingMode.REPLY)

    assert (await bench.row("message", reply))["in_reply_to"] == "<1@world>"


async def test_a_sender_that_goes_away_sends_nothing_more(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    tried, _ = await bench.send(thread)
    waiting, request = await bench.send(thread)
    draft, _ = await bench.draft(account, "bob@example.com")
    await bench.pool.execute("update message set intent_at = now() where id = $1", tried)

    await bench.account(
        account_id=account, fact=AccountDeleting, status=AccountStatus.DELETING, version=2, warmup=None
    )

    answer = await bench.answer(request)
    assert (answer["outcome"], answer["code"]) == ("failed", "account_deleted")
    assert (answer["needs"], answer["details"]) == ({"thread": 4}, {"message_id": str(waiting)})
    assert await bench.names(thread) == ["drafted", "message_queued", "message_queued", "message_failed"]
    row = await bench.row("message", waiting)
    assert (row["status"], row["failure_code"], row["due_at"]) == ("failed", "account_deleted", None)
    assert (await bench.row("message", tried))["status"] == "queued"
    assert await bench.sent_on(account) == 1
    assert (await bench.row("thread", thread))["sent"] == 1
    assert await bench.names(draft) == ["drafted"]
    assert await bench.code((await bench.send(draft))[1]) == "account_not_ready"


async def _left(bench: Bench, message_id: UUID, provider_id: str) -> None:
    await bench.pool.execute(
        "update message set status = 'sent', sent_at = $2, provider_message_id = $3, due_at = null where id = $1",
        message_id,
        bench.clock.now() + timedelta(seconds=1),
        provider_id,
    )
