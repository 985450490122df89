"""A client drafts a thread: what is kept, what is refused, and that nothing is left of what is refused."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.content.model import MailContent
from shared.contracts.accounts import AccountStatus, Plan
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.contracts.threads import ThreadRequested
from shared.contracts.warmups import WarmupStatus
from shared.errors import NotYet, Poison
from shared.messaging.answers import id_of
from tests.integration.threads.bench import CALLER, HELLO, START, STRANGER, TENANT, WORKSPACE, Bench, ids


@pytest.mark.contract("S3-4", "S3-5", "S3-11", "S3-24", "S3-36")
async def test_a_draft_is_kept_and_nothing_is_sent(bench: Bench) -> None:
    account = await bench.account()

    thread, request = await bench.draft(account, "Ann@Example.COM", participant_name="Ann")

    [drafted] = await bench.facts(thread)
    state = drafted.data["thread"]
    assert drafted.name == "drafted"
    assert (state["status"], state["channel"], state["sent"]) == ("draft", "email", 0)
    assert (state["participant_email"], state["participant_name"]) == ("ann@example.com", "Ann")
    assert await bench.content(UUID(state["draft_ref"])) == HELLO
    answer = await bench.done(request)
    assert (answer["subject_id"], answer["needs"]) == (str(thread), {"thread": 1})
    assert await bench.pool.fetchval("select count(*) from message") == 0


@pytest.mark.contract("S3-10", "S3-12", "S3-35", "A26")
async def test_without_a_sender_or_a_recipient_nothing_is_in_the_way(bench: Bench) -> None:
    account = await bench.account()
    for sender, recipient in [
        (None, "ann@example.com"),
        (None, "ann@example.com"),
        (account, None),
        (account, None),
    ]:
        _, request = await bench.draft(sender, recipient)
        await bench.done(request)


@pytest.mark.contract("S3-27", "S3-28", "S3-34", "A25")
async def test_a_second_thread_of_one_pair_is_refused_and_names_the_first(bench: Bench) -> None:
    account = await bench.account()
    first, _ = await bench.draft(account, "ann@example.com")

    second, request = await bench.draft(account, "ANN@example.com")

    answer = await bench.answer(request)
    assert (answer["outcome"], answer["code"]) == ("refused", "thread_exists")
    assert (answer["subject_id"], answer["needs"]) == (str(first), {"thread": 1})
    assert await bench.names(second) == []
    assert await bench.pieces() == 1


@pytest.mark.contract("S3-30", "S3-31", "S3-32", "S3-33")
async def test_archived_warmup_and_other_threads_are_not_in_the_way(bench: Bench) -> None:
    account, other = await bench.account(), await bench.account(address="eve@myagentmail.com")
    archived, _ = await bench.draft(account)
    await bench.change(archived, status="archived")
    warmup, request = await bench.draft(account)
    await bench.done(request)
    await bench.pool.execute("update thread set status = 'warmup' where id = $1", warmup)
    linkedin, request = await bench.draft(account)
    await bench.done(request)
    await bench.pool.execute("update thread set channel = 'linkedin' where id = $1", linkedin)
    _, request = await bench.draft(account)
    await bench.done(request)
    _, request = await bench.draft(other)
    await bench.done(request)


@pytest.mark.contract("S3-13", "A27")
async def test_a_sender_that_the_workspace_does_not_have_is_not_found(bench: Bench) -> None:
    elsewhere = await bench.account(workspace_id=UUID(int=7))
    sendmux = await bench.account(dialect=Dialect.SENDMUX, plan=Plan(steps=()))
    deleted = await bench.account(status=AccountStatus.DELETED)
    untold = ids.new()
    await bench.warmup(untold, WarmupStatus.GRADUATED)
    for account in (ids.new(), elsewhere, sendmux, deleted, untold):
        thread, request = await bench.draft(account)
        assert await bench.code(request) == "account_not_found"
        assert await bench.names(thread) == []
    assert await bench.pieces() == 0


@pytest.mark.contract("S3-14", "S3-15", "S3-16", "A24", "A27")
async def test_a_sender_that_cannot_send_is_refused(bench: Bench) -> None:
    linkedin = await bench.account()
    await bench.pool.execute("update sender set channel = 'linkedin' where account_id = $1", linkedin)
    _, request = await bench.draft(linkedin)
    assert await bench.code(request) == "account_not_email"

    without = await bench.account(inbox_id=None)
    _, request = await bench.draft(without)
    assert await bench.code(request) == "account_without_inbox"

    for status in set(WarmupStatus) - {WarmupStatus.GRADUATED, WarmupStatus.DISABLED}:
        _, request = await bench.draft(await bench.account(warmup=status))
        assert await bench.code(request) == "account_not_ready"
    warming = await bench.account(warmup=WarmupStatus.WARMING)
    _, request = await bench.draft(warming)
    assert (await bench.answer(request))["details"] == {"status": "warming", "suspended": False}
    _, request = await bench.draft(await bench.account(suspended=True))
    assert (await bench.answer(request))["details"] == {"status": "active", "suspended": True}
    assert await bench.pieces() == 0


@pytest.mark.contract("S3-16", "A24")
async def test_graduated_disabled_and_unwarmed_accounts_are_ready(bench: Bench) -> None:
    ready = [
        await bench.account(),
        await bench.account(warmup=WarmupStatus.DISABLED),
        await bench.account(plan=Plan(steps=()), warmup=None),
    ]
    for account in ready:
        _, request = await bench.draft(account)
        await bench.done(request)


async def test_a_request_waits_until_its_sender_is_known_as_it_was_seen(bench: Bench) -> None:
    account = await bench.account()
    with pytest.raises(NotYet):
        await bench.draft(account, seen={"account": 2, "warmup": 1})
    await bench.account(account_id=account, version=2)
    _, request = await bench.draft(account, seen={"account": 2, "warmup": 1})
    await bench.done(request)


@pytest.mark.promise("R09")
async def test_what_is_told_of_a_sender_is_kept_by_version(bench: Bench) -> None:
    account = await bench.account(version=3)
    await bench.warmup(account, WarmupStatus.PAUSED, version=5)
    await bench.account(account_id=account, suspended=True, version=2, warmup=None)
    await bench.warmup(account, WarmupStatus.GRADUATED, version=4)

    _, request = await bench.draft(account)

    assert (await bench.answer(request))["details"] == {"status": "paused", "suspended": False}


@pytest.mark.promise("R02")
async def test_a_repeated_request_drafts_nothing_and_gets_its_answer_again(bench: Bench) -> None:
    thread = ids.new()
    data = ThreadRequested(caller=CALLER, workspace_id=WORKSPACE, participant_email="ann@example.com")
    request = await bench.ask(data, thread)

    await bench.ask(data, thread, request)

    answers = [told.data for told in await bench.told(thread) if told.name == "request_answered"]
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert await bench.names(thread) == ["drafted"]


async def test_a_request_without_an_id_is_poison(bench: Bench) -> None:
    data = ThreadRequested(caller=STRANGER, workspace_id=WORKSPACE)
    with pytest.raises(Poison):
        id_of(Recorded(ids.new(), ids.new(), START, TENANT, WORKSPACE, data))


async def test_nothing_that_was_written_is_in_an_event(bench: Bench) -> None:
    content = MailContent(subject="SECRET-1", text="SECRET-2", html="SECRET-3", cc="secret-4@example.com")
    thread, _ = await bench.draft(await bench.account(), content=content)
    await bench.change(thread, content, ("subject",))
    await bench.send(thread, content)

    told = str([each.data for each in await bench.told()])
    assert "SECRET" not in told
    assert "secret-4" not in told
