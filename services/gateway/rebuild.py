"""Rebuilding the projections: a fold of all kept events into shadow tables, swapped in while the system runs.

Two rounds fold without any lock, the second only what arrived during the first. Then writers wait, readers do not: the
last arrivals are folded, live and shadow rows are compared, and the tables change places. Facts carry the whole state and
are folded by version, so an event that is folded twice, or by a writer that waited, changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.gateway import rebuild_tables
from services.gateway.rebuild_tables import LIVE, SHADOW, TABLES
from services.gateway.store_projection import apply
from shared.contracts.envelope import Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.db.pool import Connection, connect
from shared.errors import MailwrightError

CHUNK = 2_000
SHOWN = 20
REBUILD_LOCK = 0x6D77_7262  # one rebuild at a time
LOCK_ATTEMPTS = 20
LOCK_TIMEOUT = "1s"
"""Whoever comes after us in a table's queue waits at most this long for somebody before us."""
CLOCK_STEP = timedelta(seconds=2)
"""How far the database's clock may step back; what is folded twice because of it changes nothing."""


class RebuildBusy(MailwrightError):
    """Another rebuild runs, or the tables could not be locked."""

    code = "rebuild_busy"


@dataclass(frozen=True, slots=True)
class Report:
    """What a rebuild found.

    `facts` counts those kept when it began; `differing` names some of the rows that were not what the events say.
    """

    facts: int
    rows_before: dict[str, int]
    rows_after: dict[str, int]
    digest_before: str
    digest_after: str
    differing: Sequence[UUID]

    @property
    def is_identical(self) -> bool:
        """Return whether every row was what the events say."""
        return self.digest_before == self.digest_after


async def rebuild(database_url: str, *, is_swapped: bool) -> Report:
    """Fold all kept events, compare with the live rows, and put the result in their place if `is_swapped`.

    `database_url` must be the login that ran the migrations: it owns the tables.

    Raises:
        RebuildBusy: Another rebuild runs, or writers did not make way.
    """
    async with AsyncExitStack() as stack:

        async def open_connection(search_path: str) -> asyncpg.Connection[asyncpg.Record]:
            connection = await connect(
                database_url,
                schema=search_path,
                role="none",
                application="mailwright-rebuild",
                command_timeout=3_600,
            )
            stack.push_async_callback(connection.close)
            return connection

        keeper = await open_connection(LIVE)
        builder = await open_connection(f"{SHADOW}, {LIVE}")
        if not await keeper.fetchval("select pg_try_advisory_lock($1)", REBUILD_LOCK):
            raise RebuildBusy("Another rebuild of the projections is running.")
        await rebuild_tables.make(builder)
        try:
            return await _fold_and_compare(keeper, builder, is_swapped=is_swapped)
        finally:
            await rebuild_tables.drop(builder)


async def _fold_and_compare(keeper: Connection, builder: Connection, *, is_swapped: bool) -> Report:
    mark = await _mark(keeper)
    facts = await _fold(keeper, builder, since=None)
    since, mark = mark, await _mark(keeper)
    await _fold(keeper, builder, since=since)
    for table in TABLES:
        await builder.execute(f"analyze {SHADOW}.{table}")
    async with keeper.transaction():
        await _lock(keeper, "exclusive")
        await _fold(keeper, builder, since=mark)
        before, rows_before = await rebuild_tables.digest(keeper, LIVE)
        after, rows_after = await rebuild_tables.digest(keeper, SHADOW)
        differing = await rebuild_tables.differing(keeper, SHOWN) if before != after else ()
        if is_swapped:
            await _lock(keeper, "access exclusive")
            await rebuild_tables.swap(keeper)
    return Report(facts, rows_before, rows_after, before, after, differing)


async def _mark(connection: Connection) -> datetime:
    """Return an instant before which every event was received that a later look might otherwise miss.

    Waiting for the writers in hand makes it so: an event they keep after this moment carries a later time.
    """
    async with connection.transaction():
        await connection.execute("lock table event in share mode")
        mark: datetime = await connection.fetchval("select clock_timestamp()")
    return mark - CLOCK_STEP


async def _lock(connection: Connection, mode: str) -> None:
    """Keep writers ("exclusive") or everyone ("access exclusive") out of the projections until the transaction ends.

    Raises:
        RebuildBusy: Somebody else held on to them for too long.
    """
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                await connection.execute(f"lock table {', '.join(TABLES)} in {mode} mode")
            return
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(0.05 * attempt)
    raise RebuildBusy("The projections are in use and could not be locked; nothing was changed.")


async def _fold(keeper: Connection, builder: Connection, *, since: datetime | None) -> int:
    """Fold the facts received at or after `since` into the shadow tables, a bounded number at a time."""
    folded = 0
    async with keeper.transaction():
        cursor = await keeper.cursor(
            """
            select event_id, subject, type, event_time, sequence, tenant_id, workspace_id, data::text
            from event where sequence is not null and ($1::timestamptz is null or received_at >= $1)
            order by subject, event_time
            """,
            since,
        )
        while rows := await cursor.fetch(CHUNK):
            async with builder.transaction():
                await apply(builder, map(_recorded, rows))
            folded += len(rows)
    return folded


def _recorded(row: Any) -> Recorded:
    return Recorded(
        id=row["event_id"],
        subject=row["subject"],
        time=row["event_time"],
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        data=EVENT_TYPES[row["type"]].model_validate_json(row["data"]),
        sequence=row["sequence"],
    )
