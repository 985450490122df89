"""Which event log costs less: rows moved from a small pending table, or one table read by a snapshot-bounded cursor?

Run `python -m bench.event_log`. Both variants record the same events in groups while a relay reads and marks them, turn by
turn on one embedded PostgreSQL; the ratio of the medians is what counts.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg

from tests.support.engines import embedded_postgres, new_database

EVENTS = 20_000
GROUP = 50
WRITERS = 4
ROUNDS = 5
DATA = os.urandom(600)

PENDING = """
    create table pending (id bigint generated always as identity primary key, event_id uuid, subject uuid, data bytea);
    create table log (part int, position bigint, event_id uuid unique, subject uuid, data bytea, primary key (part, position));
    create table cursor (part int primary key, logged bigint, published bigint);
    insert into cursor select n, 0, 0 from generate_series(0, 3) n;
"""
SNAPSHOT = """
    create table log (
        position bigint generated always as identity primary key, xid xid8 default pg_current_xact_id(),
        event_id uuid unique, subject uuid, data bytea
    );
    create index on log (xid, position);
    create table cursor (xid xid8, position bigint);
    insert into cursor values ('0', 0);
"""


async def write(url: str, table: str) -> None:
    """Record all events in groups, from several connections at once."""

    async def writer() -> None:
        connection = await asyncpg.connect(url)
        for _ in range(EVENTS // GROUP // WRITERS):
            ids = [uuid4() for _ in range(GROUP)]
            await connection.execute(
                f"insert into {table} (event_id, subject, data) select * from unnest($1::uuid[], $2::uuid[], $3::bytea[])",
                ids,
                ids,
                [DATA] * GROUP,
            )
        await connection.close()

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


async def relay_moving(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Move what is pending into the log, number it, and mark it; return how many events that were."""
    async with connection.transaction():
        rows = await connection.fetch("select id, event_id, subject, data from pending order by id limit 500")
        if not rows:
            return 0
        parts = [row["subject"].int % 4 for row in rows]
        counts = {part: parts.count(part) for part in set(parts)}
        heads = {
            row["part"]: row["logged"] - counts[row["part"]]
            for row in await connection.fetch(
                "update cursor c set logged = logged + n from unnest($1::int[], $2::int[]) as g (part, n)"
                " where c.part = g.part returning c.part, logged",
                list(counts),
                list(counts.values()),
            )
        }
        positions = []
        for part in parts:
            heads[part] += 1
            positions.append(heads[part])
        await connection.execute(
            "insert into log (part, position, event_id, subject, data)"
            " select * from unnest($1::int[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bytea[])",
            parts,
            positions,
            [row["event_id"] for row in rows],
            [row["subject"] for row in rows],
            [row["data"] for row in rows],
        )
        await connection.execute(
            "delete from pending where id = any($1::bigint[])", [row["id"] for row in rows]
        )
    await connection.execute("update cursor set published = logged")
    return len(rows)


async def relay_reading(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Read what no running transaction can precede, and mark it; return how many events that were."""
    rows = await connection.fetch(
        """
        select xid, position, event_id, subject, data from log
        where (xid, position) > (select xid, position from cursor)
            and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid, position limit 500
        """
    )
    if rows:
        await connection.execute(
            "update cursor set xid = $1, position = $2", rows[-1]["xid"], rows[-1]["position"]
        )
    return len(rows)


async def measure(
    server: str, ddl: str, table: str, relay: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[int]]
) -> float:
    """Return events per second from the first insert to the last one relayed."""
    url = await new_database(server)
    connection = await asyncpg.connect(url)
    await connection.execute(ddl)
    started = time.perf_counter()
    writing = asyncio.ensure_future(write(url, table))
    relayed = 0
    while relayed < EVENTS:
        relayed += await relay(connection) or await asyncio.sleep(0.002, 0)
    seconds = time.perf_counter() - started
    await writing
    await connection.close()
    return EVENTS / seconds


async def main(server: str) -> None:
    """Measure both in turn and print the medians and their ratio."""
    moving, reading = [], []
    for _ in range(ROUNDS):
        moving.append(await measure(server, PENDING, "pending", relay_moving))
        reading.append(await measure(server, SNAPSHOT, "log", relay_reading))
    a, b = statistics.median(moving), statistics.median(reading)
    print(f"moved from pending: {a:,.0f} events/s   snapshot cursor: {b:,.0f} events/s   ratio {a / b:.2f}")


if __name__ == "__main__":
    with embedded_postgres() as url:
        asyncio.run(main(url))
