"""The projections on a real database: once each, in any order, tombstones that stay, answers and facts that wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.gateway import queries
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import DomainRequestAnswered, Outcome
from shared.contracts.domains import DomainStatus
from shared.contracts.requests import Caller, Dialect
from shared.contracts.warmups import WarmupStatus
from shared.db.pool import Connection
from shared.observability.failpoints import FailPointRaised
from tests.support.gateway_events import (
    CALLER,
    DOMAIN,
    TENANT,
    WORKSPACE,
    account_answer,
    account_fact,
    domain_fact,
    recorded,
    warmup_fact,
)
from tests.support.gateway_projection import ProjectionSide, projection_side

ACCOUNT = UUID(int=1)
REQUEST = UUID(int=0xF1)
OTHER = UUID(int=0xF2)


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[ProjectionSide]:
    async with projection_side(database_url) as made:
        yield made


async def status_of(side: ProjectionSide, account_id: UUID = ACCOUNT) -> str | None:
    async with side.as_caller(TENANT) as connection:
        view = await queries.get_account(connection, account_id, caller=CALLER)
    return view.status if view else None


@pytest.mark.promise("R08")
async def test_events_that_arrive_again_change_nothing(side: ProjectionSide) -> None:
    events = [
        account_fact(ACCOUNT, 1),
        account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED),
        warmup_fact(ACCOUNT, 1),
    ]
    await side.project(*events)
    before = await side.rows("account")

    await side.project(*events)
    for event in events:
        await side.project(event)

    assert await side.rows("account") == before
    assert await side.worker.fetchval("select count(*) from event") == 3
    assert await status_of(side) == "warming"


@pytest.mark.promise("R09")
async def test_a_skipped_version_is_applied_and_the_late_one_is_not(side: ProjectionSide) -> None:
    await side.project(account_fact(ACCOUNT, 1))
    await side.project(account_fact(ACCOUNT, 3, AccountStatus.PROVISIONED))
    await side.project(account_fact(ACCOUNT, 2))

    row = await side.worker.fetchrow("select account_version, status from account")
    assert row is not None
    assert tuple(row) == (3, "provisioning")


async def test_a_deleted_account_is_gone_and_old_events_do_not_bring_it_back(side: ProjectionSide) -> None:
    old = account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED)
    await side.project(account_fact(ACCOUNT, 1), old, account_fact(ACCOUNT, 3, AccountStatus.DELETED))
    assert await status_of(side) is None

    await side.project(old)
    await side.project(warmup_fact(ACCOUNT, 1, WarmupStatus.ENDED))

    assert await status_of(side) is None
    assert await side.worker.fetchval("select is_deleted from account") is True
    async with side.as_caller(TENANT) as connection:
        page = await queries.list_accounts(connection, caller=CALLER, limit=10)
    assert page.items == []


async def test_a_warmup_whose_account_is_unknown_is_kept_unseen(side: ProjectionSide) -> None:
    await side.project(warmup_fact(ACCOUNT, 1), source="warmup")
    assert await status_of(side) is None

    await side.project(account_fact(ACCOUNT, 4, AccountStatus.PROVISIONED))
    assert await status_of(side) == "warming"


async def test_an_answer_whose_facts_are_here_closes_its_request(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, ACCOUNT)
    await side.project(domain_fact(DOMAIN, 1))

    await side.project(
        account_fact(ACCOUNT, 1),
        account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED),
        warmup_fact(ACCOUNT, 1),
        account_answer(REQUEST, ACCOUNT, {"account": 2, "warmup": 1}),
    )

    assert await side.response(REQUEST) == {"outcome": "done", "status": "warming", "domain": "example.com"}
    assert side.told == [REQUEST]
    assert await side.worker.fetchval("select count(*) from pending_answer") == 0


async def test_an_answer_before_its_facts_waits_for_them(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, ACCOUNT)

    await side.project(account_answer(REQUEST, ACCOUNT, {"account": 2, "warmup": 1}))
    await side.project(account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED))
    assert await side.response(REQUEST) is None
    assert side.told == []

    await side.project(warmup_fact(ACCOUNT, 1, WarmupStatus.NOT_STARTED))
    assert await side.response(REQUEST) == {"outcome": "done", "status": "pending", "domain": None}
    assert side.told == [REQUEST]
    assert await side.worker.fetchval("select count(*) from pending_answer") == 0


async def test_a_refusal_needs_no_facts_and_no_account(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, ACCOUNT)

    await side.project(
        account_answer(REQUEST, ACCOUNT, {}, outcome=Outcome.REFUSED, code="address_taken", message="Taken.")
    )

    assert await side.response(REQUEST) == {"outcome": "refused", "status": None, "domain": None}
    assert await side.rows("account") == []


async def test_a_refusal_shows_the_account_as_it_stands(side: ProjectionSide) -> None:
    await side.project(account_fact(ACCOUNT, 1, AccountStatus.PROVISIONED), warmup_fact(ACCOUNT, 1))
    await side.open_request(REQUEST, ACCOUNT, "account.retry_warmup")

    await side.project(account_answer(REQUEST, ACCOUNT, {}, outcome=Outcome.REFUSED, code="wrong_state"))

    assert await side.response(REQUEST) == {"outcome": "refused", "status": "warming", "domain": None}


async def test_one_request_is_closed_once_however_often_it_is_answered(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, ACCOUNT)
    await side.project(account_fact(ACCOUNT, 1), account_answer(REQUEST, ACCOUNT, {"account": 1}))

    await side.project(account_answer(REQUEST, ACCOUNT, {}, outcome=Outcome.FAILED))
    await side.project(account_answer(REQUEST, ACCOUNT, {"account": 9}))

    assert await side.response(REQUEST) == {"outcome": "done", "status": "provisioning", "domain": None}
    assert side.told == [REQUEST]
    assert await side.worker.fetchval("select count(*) from pending_answer") == 0


async def test_a_domain_request_is_closed_by_its_domain(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, DOMAIN, "domain.create")
    answer = DomainRequestAnswered(
        request_id=REQUEST, outcome=Outcome.DONE, subject_id=DOMAIN, needs={"domain": 2}
    )

    await side.project(recorded(answer, DOMAIN), domain_fact(DOMAIN, 1, DomainStatus.PENDING))
    assert await side.response(REQUEST) is None

    await side.project(domain_fact(DOMAIN, 2, DomainStatus.VERIFYING))
    assert await side.response(REQUEST) == {"outcome": "done", "status": "verifying", "domain": None}


async def test_an_answer_about_another_account_meets_its_facts_however_they_race(
    side: ProjectionSide,
) -> None:
    """A matched request is about an account of another partition: two processes may project the two at once."""
    for number in range(20):
        request, account = UUID(int=0xF000 + number), UUID(int=0x1000 + number)
        await side.open_request(request, account)
        await asyncio.gather(
            side.project(account_answer(request, account, {"account": 1}, outcome=Outcome.MATCHED)),
            side.project(account_fact(account, 1)),
        )

        assert await side.response(request) is not None
    assert await side.worker.fetchval("select count(*) from pending_answer") == 0


async def test_a_batch_that_fails_leaves_nothing_behind(side: ProjectionSide) -> None:
    await side.open_request(REQUEST, ACCOUNT)
    events = [account_fact(ACCOUNT, 1), account_answer(REQUEST, ACCOUNT, {"account": 1})]
    broken = recorded(events[0].data, ACCOUNT)

    with pytest.raises(ValueError, match="carries no version"):
        await side.project(*events, broken)

    assert await side.worker.fetchval("select count(*) from event") == 0
    assert await side.rows("account") == []
    assert await side.response(REQUEST) is None


@pytest.mark.promise("R01")
async def test_a_crash_just_before_the_commit_leaves_nothing_and_just_after_it_everything(
    side: ProjectionSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    await side.open_request(REQUEST, ACCOUNT)
    events = [account_fact(ACCOUNT, 1), account_answer(REQUEST, ACCOUNT, {"account": 1})]

    (tmp_path / "gateway.project.before_commit").write_text("raise 1")
    with pytest.raises(FailPointRaised):
        await side.project(*events)
    assert await side.worker.fetchval("select count(*) from event") == 0
    assert await side.response(REQUEST) is None

    (tmp_path / "gateway.project.after_commit").write_text("raise 1")
    with pytest.raises(FailPointRaised):
        await side.project(*events)
    assert await side.worker.fetchval("select count(*) from event") == 2
    assert await side.response(REQUEST) is not None


async def test_lists_go_on_from_their_cursor_newest_first(side: ProjectionSide) -> None:
    ids = [UUID(int=number) for number in range(1, 6)]
    await side.project(*(account_fact(each, 1) for each in ids), *(domain_fact(each, 1) for each in ids))

    async with side.as_caller(TENANT) as connection:
        accounts, domains, cursor = [], [], None
        while True:
            page = await queries.list_accounts(connection, caller=CALLER, limit=2, cursor=cursor)
            accounts += [view.account.account_id for view in page.items]
            claims = await queries.list_domains(connection, caller=CALLER, limit=2, cursor=cursor)
            domains += [view.domain.domain_id for view in claims.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        other = await queries.list_accounts(
            connection, caller=CALLER.model_copy(update={"dialect": Dialect.SENDMUX}), limit=2
        )

    assert accounts == domains == ids[::-1]
    assert other.items == []


async def seen(connection: Connection, caller: Caller) -> set[bool]:
    """Whether each way to read finds what there is."""
    found: list[Any] = [
        await queries.get_account(connection, ACCOUNT, caller=caller),
        await queries.get_account(connection, ACCOUNT, caller=caller, include_deleted=True),
        (await queries.list_accounts(connection, caller=caller, limit=10)).items,
        (await queries.list_accounts(connection, caller=caller, limit=10, workspace_id=WORKSPACE)).items,
        await queries.accounts_with_warmup(connection, caller=caller, after=None, limit=10),
        await queries.count_accounts(connection, [DOMAIN], caller=caller),
        await queries.get_domain(connection, DOMAIN, caller=caller),
        (await queries.list_domains(connection, caller=caller, limit=10)).items,
        (await queries.get_history(connection, ACCOUNT, caller=caller)).items,
    ]
    return {bool(each) for each in found}


@pytest.mark.promise("R31")
async def test_row_level_security_alone_shows_a_caller_only_its_own_rows(side: ProjectionSide) -> None:
    await side.project(account_fact(ACCOUNT, 1), warmup_fact(ACCOUNT, 1), domain_fact(DOMAIN, 1))

    for tenant, workspace, sees in (
        (TENANT, None, True),
        (TENANT, WORKSPACE, True),
        (TENANT, OTHER, False),
        (OTHER, None, False),
        (None, None, False),
    ):
        async with side.as_caller(tenant, workspace) as connection:
            assert await seen(connection, CALLER) == {sees}

    async with side.as_caller(TENANT) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("select * from pending_answer")


@pytest.mark.promise("R31")
async def test_queries_alone_show_a_caller_only_its_own_rows(side: ProjectionSide) -> None:
    await side.project(account_fact(ACCOUNT, 1), warmup_fact(ACCOUNT, 1), domain_fact(DOMAIN, 1))

    for changes, sees in (
        ({}, True),
        ({"workspace_id": WORKSPACE}, True),
        ({"workspace_id": OTHER}, False),
        ({"tenant_id": OTHER}, False),
    ):
        async with side.worker.acquire() as connection:
            assert await seen(connection, CALLER.model_copy(update=changes)) == {sees}


async def test_a_deleted_domain_is_hidden_and_stays_so(side: ProjectionSide) -> None:
    await side.project(domain_fact(DOMAIN, 1), domain_fact(DOMAIN, 3, DomainStatus.DELETED))
    await side.project(domain_fact(DOMAIN, 2, DomainStatus.VERIFIED))

    async with side.as_caller(TENANT) as connection:
        assert await queries.get_domain(connection, DOMAIN, caller=CALLER) is None
        assert (await queries.list_domains(connection, caller=CALLER, limit=10)).items == []


async def test_a_deleted_account_is_shown_to_those_who_ask_for_deleted_ones(side: ProjectionSide) -> None:
    await side.project(account_fact(ACCOUNT, 1), account_fact(ACCOUNT, 2, AccountStatus.DELETED))

    async with side.as_caller(TENANT) as connection:
        shown = await queries.list_accounts(connection, caller=CALLER, limit=10, include_deleted=True)
        hidden = await queries.list_accounts(connection, caller=CALLER, limit=10)

    assert [view.status for view in shown.items] == ["deleted"]
    assert hidden.items == []


async def test_a_domain_of_the_platform_is_everybodys_to_use_and_nobodys_to_list(
    side: ProjectionSide,
) -> None:
    platform = {"tenant_id": queries.PLATFORM, "workspace_id": queries.PLATFORM}
    await side.project(domain_fact(DOMAIN, 1, DomainStatus.VERIFIED, **platform), account_fact(ACCOUNT, 1))

    async with side.as_caller(TENANT, WORKSPACE) as connection:
        account = await queries.get_account(connection, ACCOUNT, caller=CALLER)
        assert account is not None
        assert account.domain is not None
        assert account.domain.status is DomainStatus.VERIFIED
        assert await queries.get_domain(connection, DOMAIN, caller=CALLER) is None
        assert await queries.get_domain(connection, DOMAIN, caller=CALLER, or_platform=True)
        assert (await queries.list_domains(connection, caller=CALLER, limit=10)).items == []


async def test_a_history_is_in_order_and_names_its_causes(side: ProjectionSide) -> None:
    first = account_fact(ACCOUNT, 1)
    second = account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED, inbox_id="inb_1")
    third = recorded(warmup_fact(ACCOUNT, 1).data, ACCOUNT, 1, causation_id=second.id, request_id=REQUEST)
    await side.project(third, source="warmup")
    await side.project(second, first)

    async with side.as_caller(TENANT) as connection:
        page = await queries.get_history(connection, ACCOUNT, caller=CALLER)
        start = await queries.get_history(connection, ACCOUNT, caller=CALLER, limit=2)
        rest = await queries.get_history(
            connection, ACCOUNT, caller=CALLER, limit=2, cursor=start.next_cursor
        )

    assert [entry.id for entry in page.items] == [first.id, second.id, third.id]
    assert page.next_cursor is None
    assert [*start.items, *rest.items] == page.items
    last = page.items[-1]
    assert (last.source, last.version, last.cause, last.request_id) == ("warmup", 1, second.id, REQUEST)
    assert last.summary == "The warmup provider accepted the address."
    assert page.items[1].data["account"]["inbox_id"] == "inb_1"
    assert "credential_ref" not in page.items[1].data["account"]
