"""A client changes a thread: its draft part by part, its sender and recipient, the archive."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shared.content.model import Attachment, MailContent
from shared.contracts.warmups import WarmupStatus
from shared.errors import NotYet
from tests.integration.threads.bench import HELLO, STRANGER, Bench, ids

FILE = Attachment(name="a.txt", bucket="mail", path="t/a.txt", mime_type="text/plain", size=1)


async def test_the_named_parts_of_a_draft_are_replaced_and_the_others_stay(bench: Bench) -> None:
    thread, _ = await bench.draft(content=MailContent(subject="One", text="Two", cc="b@example.com"))

    changes = MailContent(text="Three", attachments=(FILE,))
    request = await bench.change(thread, changes, ("text", "cc", "attachments"))

    await bench.done(request)
    [_, changed] = await bench.facts(thread)
    assert changed.name == "changed"
    draft = await bench.content(UUID(changed.data["thread"]["draft_ref"]))
    assert draft == MailContent(subject="One", text="Three", attachments=(FILE,))
    assert await bench.pieces() == 1


async def test_a_draft_of_which_nothing_is_left_is_none(bench: Bench) -> None:
    thread, _ = await bench.draft(content=MailContent(subject="One"))
    await bench.done(await bench.change(thread, MailContent(), ("subject",)))
    assert (await bench.row("thread", thread))["draft_ref"] is None
    assert await bench.pieces() == 0

    await bench.done(await bench.change(thread, HELLO, ("subject", "text")))
    assert await bench.content((await bench.row("thread", thread))["draft_ref"]) == HELLO


async def test_what_changes_nothing_is_done_and_tells_nothing(bench: Bench) -> None:
    thread, _ = await bench.draft()

    request = await bench.change(
        thread, HELLO, ("text",), status="active", participant_email="Ann@example.com"
    )

    assert (await bench.done(request))["needs"] == {"thread": 1}
    assert await bench.names(thread) == ["drafted"]
    assert await bench.pieces() == 1


async def test_a_recipient_is_kept_in_lower_case_and_can_be_taken_away(bench: Bench) -> None:
    thread, _ = await bench.draft()
    await bench.done(await bench.change(thread, participant_email="Bob@Example.com", participant_name="Bob"))
    row = await bench.row("thread", thread)
    assert (row["participant_email"], row["participant_name"]) == ("bob@example.com", "Bob")
    await bench.done(await bench.change(thread, participant_email=None))
    assert (await bench.row("thread", thread))["participant_email"] is None


@pytest.mark.contract("S3-35", "A26")
async def test_choosing_a_taken_pair_is_refused_however_it_is_chosen(bench: Bench) -> None:
    account = await bench.account()
    first, _ = await bench.draft(account)
    sender, _ = await bench.draft(None)
    recipient, _ = await bench.draft(account, "bob@example.com")
    archived, _ = await bench.draft(account, "eve@example.com")
    await bench.change(archived, status="archived")
    await bench.change(archived, participant_email="ann@example.com")
    taking: list[tuple[UUID, dict[str, Any]]] = [
        (sender, {"account_id": account}),
        (recipient, {"participant_email": "ANN@example.com"}),
        (archived, {"status": "active"}),
    ]
    for thread, changes in taking:
        before = await bench.names(thread)
        request = await bench.change(thread, MailContent(text="New"), ("text",), **changes)
        answer = await bench.answer(request)
        assert (answer["code"], answer["subject_id"]) == ("thread_exists", str(first))
        assert await bench.names(thread) == before
        assert await bench.content((await bench.row("thread", thread))["draft_ref"]) == HELLO
    assert await bench.pieces() == 4


@pytest.mark.contract("A24", "A27")
async def test_only_a_new_sender_is_checked(bench: Bench) -> None:
    account, warming = await bench.account(), await bench.account(warmup=WarmupStatus.WARMING)
    thread, _ = await bench.draft(account)
    assert await bench.code(await bench.change(thread, account_id=warming)) == "account_not_ready"
    assert await bench.code(await bench.change(thread, account_id=ids.new())) == "account_not_found"
    with pytest.raises(NotYet):
        await bench.change(thread, account_id=warming, seen={"account": 9})
    await bench.warmup(account, WarmupStatus.PAUSED, version=2)
    await bench.done(await bench.change(thread, account_id=account, participant_name="Ann"))
    await bench.done(await bench.change(thread, account_id=None))
    assert (await bench.row("thread", thread))["account_id"] is None


async def test_a_thread_goes_into_the_archive_and_comes_back_as_what_it_was(bench: Bench) -> None:
    account = await bench.account()
    unsent, _ = await bench.draft(account)
    sent, _ = await bench.draft(account, "bob@example.com")
    await bench.send(sent)
    for thread, status in [(unsent, "draft"), (sent, "active")]:
        await bench.done(await bench.change(thread, status="archived"))
        assert (await bench.row("thread", thread))["status"] == "archived"
        await bench.done(await bench.change(thread, status="active"))
        assert (await bench.row("thread", thread))["status"] == status


async def test_strangers_find_nothing_and_warmup_threads_stay_as_they_are(bench: Bench) -> None:
    thread, _ = await bench.draft()
    for request in (
        await bench.change(thread, HELLO, ("text",), caller=STRANGER),
        await bench.change(ids.new(), participant_name="X"),
        await bench.erase(thread, caller=STRANGER),
        (await bench.send(thread, caller=STRANGER))[1],
    ):
        assert await bench.code(request) == "thread_not_found"
    await bench.pool.execute("update thread set status = 'warmup' where id = $1", thread)
    assert await bench.code(await bench.change(thread, status="archived")) == "thread_not_editable"
    assert await bench.names(thread) == ["drafted"]
    assert await bench.pieces() == 1
