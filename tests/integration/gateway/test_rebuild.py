"""Rebuilding the projections on a real database: identical, repaired where they were not, and while the system runs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from mailwright.cli import app
from services.gateway import queries
from services.gateway.rebuild import REBUILD_LOCK, RebuildBusy, rebuild
from shared.contracts.accounts import AccountStatus
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageStatus, ThreadStatus
from shared.contracts.warmups import WarmupStatus
from shared.db.pool import OUTAGE
from tests.support.eventually import eventually
from tests.support.gateway_events import (
    CALLER,
    DOMAIN,
    TENANT,
    account_answer,
    account_fact,
    domain_fact,
    warmup_fact,
)
from tests.support.gateway_projection import ProjectionSide, projection_side
from tests.support.thread_events import (
    message_fact,
    message_state,
    suppression_fact,
    thread_fact,
    thread_state,
)

CATALOGUE = """
    select 'column' as kind, table_name || '.' || column_name as name, data_type as what from information_schema.columns
    where table_schema = 'gateway'
    union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'gateway'
    union all select 'policy', tablename || '.' || policyname,
        concat_ws(' ', permissive, roles, cmd, qual, with_check) from pg_policies where schemaname = 'gateway'
    union all select 'table', relname, concat_ws(' ', relacl, relrowsecurity, relforcerowsecurity, relowner)
    from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'
    order by 1, 2, 3
"""

IS_REBUILT = """
    select exists (
        select from pg_locks join pg_database d on d.oid = database and datname = current_database()
        where locktype = 'advisory' and granted and objid = $1::bigint::oid
    )
"""


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[ProjectionSide]:
    async with projection_side(database_url) as made:
        yield made


async def live_some_lives(side: ProjectionSide, numbers: range) -> None:
    """Accounts in every stage: growing, warming, deleted; a domain; a warmup and an answer whose account is unknown."""
    for number in numbers:
        account = UUID(int=number)
        events = [account_fact(account, 1), account_fact(account, 2, AccountStatus.PROVISIONED)]
        events += [warmup_fact(account, 1, WarmupStatus.NOT_STARTED), warmup_fact(account, 2)]
        if number % 5 == 0:
            events.append(account_fact(account, 3, AccountStatus.DELETED))
        await side.project(*events[: 1 + number % 6])


async def converse(side: ProjectionSide, numbers: range) -> None:
    """Threads that are drafted, sent and answered; every fourth is erased, before the last of its facts arrives."""
    for number in numbers:
        thread, sent, answer = UUID(int=number), UUID(int=number + 1_000), UUID(int=number + 2_000)
        active = thread_state(thread, ThreadStatus.ACTIVE, sent=1)
        events = [
            thread_fact(thread, 1),
            message_fact(active, 2, message_state(sent, thread, MessageStatus.QUEUED)),
            message_fact(active, 3, message_state(sent, thread)),
            message_fact(active, 4, message_state(answer, thread, MessageStatus.RECEIVED)),
        ]
        if number % 4 == 0:
            events.insert(3, thread_fact(thread, 5, ThreadStatus.ERASED, participant_email=None))
        await side.project(*events[:2])
        await side.project(*events[2:])


async def catalogue(side: ProjectionSide) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await side.worker.fetch(CATALOGUE)]


@pytest.mark.promise("R23", "I7")
async def test_a_rebuild_gives_the_same_rows_in_the_same_tables(
    side: ProjectionSide, database_url: str
) -> None:
    await live_some_lives(side, range(1, 60))
    await converse(side, range(200, 220))
    await side.project(domain_fact(DOMAIN, 1), warmup_fact(UUID(int=100), 1))
    await side.project(suppression_fact("gone@example.com", 1))
    await side.open_request(UUID(int=0xF1), UUID(int=101))
    await side.project(account_answer(UUID(int=0xF1), UUID(int=101), {"account": 1}))
    before, tables = await side.rows("account"), await catalogue(side)

    report = await rebuild(database_url, is_swapped=True)

    assert report.is_identical
    assert report.rows_before == report.rows_after
    assert report.rows_after == {"account": 60, "domain": 1, "thread": 20, "message": 30, "suppression": 1}
    assert await catalogue(side) == tables
    # The row made only to be locked is gone; the answer that waits for it still gets its facts.
    assert await side.rows("account") == [row for row in before if f"{UUID(int=101)}" not in row["row"]]
    await side.project(account_fact(UUID(int=101), 1))
    assert await side.response(UUID(int=0xF1)) is not None
    async with side.as_caller(TENANT) as connection:
        assert await queries.get_account(connection, UUID(int=1), caller=CALLER)
    async with side.as_caller(UUID(int=0xF2)) as connection:
        assert await queries.get_account(connection, UUID(int=1), caller=CALLER) is None
    assert (await rebuild(database_url, is_swapped=True)).is_identical


@pytest.mark.promise("R23")
async def test_a_rebuild_repairs_what_the_events_do_not_say(side: ProjectionSide, database_url: str) -> None:
    await live_some_lives(side, range(1, 10))
    good = await side.rows("account")
    await side.worker.execute("update account set status = 'active' where id = $1", UUID(int=2))
    await side.worker.execute("delete from account where id = $1", UUID(int=3))
    await side.worker.execute(
        "insert into account select ($1::text)::uuid, tenant_id from account where id = $2",
        str(UUID(int=77)),
        UUID(int=4),
    )
    await side.worker.execute("update account set account_version = 9 where id = $1", UUID(int=77))

    found = await rebuild(database_url, is_swapped=False)
    assert list(found.differing) == [UUID(int=2), UUID(int=3), UUID(int=77)]
    assert not (await rebuild(database_url, is_swapped=True)).is_identical

    assert await side.rows("account") == good
    assert (await rebuild(database_url, is_swapped=False)).is_identical


@pytest.mark.promise("R23")
async def test_a_projection_thrown_away_comes_back_while_writes_and_reads_go_on(
    side: ProjectionSide, database_url: str
) -> None:
    await live_some_lives(side, range(1, 300))
    kept = await side.rows("account")
    await side.worker.execute("delete from account")
    is_over = asyncio.Event()

    async def write() -> int:
        number = 1_000
        while not is_over.is_set():
            for batch in (
                [account_fact(UUID(int=number), 1), account_fact(UUID(int=number // 2), 9)],
                [warmup_fact(UUID(int=number), 1), warmup_fact(UUID(int=1 + number % 299), 9)],
            ):
                await eventually(partial(retried, side, batch), what="a batch is projected")
            number += 1
        return number - 1_000

    async def read() -> int:
        count = 0
        while not is_over.is_set():
            async with side.as_caller(TENANT) as connection:
                await queries.list_accounts(connection, caller=CALLER, limit=10)
            count += 1
        return count

    running = [asyncio.create_task(write()), asyncio.create_task(write()), asyncio.create_task(read())]
    first = await rebuild(database_url, is_swapped=True)
    second = await rebuild(database_url, is_swapped=True)
    is_over.set()
    written, _, seen = await asyncio.gather(*running)

    assert not first.is_identical
    assert second.is_identical
    assert (await rebuild(database_url, is_swapped=False)).is_identical
    assert len(await side.rows("account")) >= len(kept) + written
    assert written > 0
    assert seen > 0


@pytest.mark.promise("R08", "R09", "I7")
async def test_shuffled_and_repeated_events_projected_at_once_by_three_lead_to_the_same_rows(
    side: ProjectionSide, database_url: str
) -> None:
    chance = random.Random(17)
    events = [
        event
        for number in range(1, 21)
        for event in (
            *(account_fact(UUID(int=number), version) for version in range(1, 5)),
            *(warmup_fact(UUID(int=number), version) for version in range(1, 4)),
            account_fact(UUID(int=number), 5, AccountStatus.PROVISIONED),
        )
    ]
    many = [*events, *events]
    chance.shuffle(many)

    async def project(own: list[Recorded]) -> None:
        while own:
            batch = [own.pop() for _ in range(min(len(own), chance.randint(1, 12)))]
            await eventually(partial(retried, side, batch), what="a batch is projected")

    await asyncio.gather(*(project(many[start::3]) for start in range(3)))

    versions = await side.worker.fetch("select distinct account_version, warmup_version, status from account")
    assert [tuple(row) for row in versions] == [(5, 3, "warming")]
    assert await side.worker.fetchval("select count(*) from event") == len(events)
    assert (await rebuild(database_url, is_swapped=False)).is_identical


async def retried(side: ProjectionSide, batch: list[Recorded]) -> bool:
    """Project a batch as the consumer does: one that ran into another's locks comes again."""
    try:
        await side.project(*batch)
    except OUTAGE:
        return False
    return True


async def test_two_rebuilds_at_once_are_one_too_many(side: ProjectionSide, database_url: str) -> None:
    await live_some_lives(side, range(1, 5))

    async with side.worker.acquire() as writer, writer.transaction():
        await writer.execute("lock table event in row exclusive mode")  # as whoever writes events does
        first = asyncio.create_task(rebuild(database_url, is_swapped=True))
        await eventually(lambda: side.worker.fetchval(IS_REBUILT, REBUILD_LOCK))
        with pytest.raises(RebuildBusy):
            await rebuild(database_url, is_swapped=True)

    assert (await first).is_identical
    assert (await rebuild(database_url, is_swapped=False)).is_identical


async def test_an_interrupted_rebuild_leaves_nothing_in_the_way(
    side: ProjectionSide, database_url: str
) -> None:
    await live_some_lives(side, range(1, 5))
    connection = await asyncpg.connect(database_url)
    await connection.execute("create schema gateway_rebuild create table account (left_over int)")
    await connection.close()

    assert (await rebuild(database_url, is_swapped=True)).is_identical


async def test_the_commands_tell_digests_and_exit_by_what_they_find(
    side: ProjectionSide, database_url: str
) -> None:
    await live_some_lives(side, range(1, 8))

    good = await asyncio.to_thread(run, "verify", database_url)
    await side.worker.execute("update account set address = 'x' where id = $1", UUID(int=2))
    bad = await asyncio.to_thread(run, "verify", database_url)
    repaired = await asyncio.to_thread(run, "rebuild", database_url)

    assert (good.exit_code, good.output.splitlines()[-1]) == (0, "identical")
    assert bad.exit_code == 1
    assert f"differs   {UUID(int=2)}" in bad.output
    assert repaired.exit_code == 0
    digest = good.output.split("sha256 ")[1].splitlines()[0]
    assert digest in repaired.output


def run(command: str, database_url: str) -> Any:
    return CliRunner().invoke(app, ["projections", command], env={"MAILWRIGHT_DATABASE_URL": database_url})
