"""The relay's statements: giving pending events their place in the log, and reading the log by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.db.pool import Connection
from shared.messaging.event_log import COLUMNS, SQL_TYPES
from shared.messaging.wire import Entry, ReplayRequested

RELAY_LOCK = 0x6D77_7265  # "mwre": the first key of the advisory lock; the second tells the schemas apart
ASK_AGAIN_SECONDS = 2.0


_ENTRY = f"topic, partition, position, {', '.join(name for name in COLUMNS if name != 'topic')}"


async def take_leadership(connection: Connection) -> bool:
    """Become the schema's only relay, or return False; the lock lives as long as the connection."""
    return bool(
        await connection.fetchval("select pg_try_advisory_lock($1, hashtext(current_schema()))", RELAY_LOCK)
    )


async def sequence_pending(
    connection: Connection, partition_of: Callable[[bytes], int], limit: int
) -> Sequence[Entry]:
    """Move the oldest pending events into the log and return them at their places, in order.

    Rows become visible in commit order, so an event of an aggregate is never taken before an earlier one: the
    later transaction waited for the aggregate's row and drew its pending id only then. They are locked, so that whoever
    takes somebody out of an event finds it either here or in the log.
    """
    async with connection.transaction():
        rows = await connection.fetch(
            f"select id, {', '.join(COLUMNS)} from event_pending order by id limit $1 for update",  # noqa: S608  our own names
            limit,
        )
        if not rows:
            return ()
        places = [(row["topic"], partition_of(str(row["subject"]).encode())) for row in rows]
        heads = await _advance_heads(connection, places)
        entries = []
        for row, place in zip(rows, places, strict=True):
            heads[place] += 1
            fields = {name: row[name] for name in COLUMNS if name != "topic"}
            entries.append(Entry(place[0], place[1], heads[place], **fields))
        await _write_log(connection, entries)
        await connection.execute(
            "delete from event_pending where id = any($1::bigint[])", [row["id"] for row in rows]
        )
    return entries


async def _advance_heads(
    connection: Connection, places: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Reserve positions for these places and return the last position before each reservation."""
    counts: dict[tuple[str, int], int] = {}
    for place in places:
        counts[place] = counts.get(place, 0) + 1
    rows = await connection.fetch(
        """
        insert into relay_cursor as c (topic, partition, logged)
        select * from unnest($1::text[], $2::int[], $3::bigint[])
        on conflict (topic, partition) do update set logged = c.logged + excluded.logged
        returning topic, partition, logged
        """,
        [topic for topic, _ in counts],
        [partition for _, partition in counts],
        list(counts.values()),
    )
    return {
        (row["topic"], row["partition"]): row["logged"] - counts[row["topic"], row["partition"]]
        for row in rows
    }


async def _write_log(connection: Connection, entries: Sequence[Entry]) -> None:
    names = ["partition", "position", *COLUMNS]
    types = ["int", "bigint", *SQL_TYPES]
    columns: list[list[Any]] = [[getattr(entry, name) for entry in entries] for name in names]
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types, 1))
    await connection.execute(
        f"insert into event_log ({', '.join(names)}) select * from unnest({arrays})",  # noqa: S608  our own names
        *columns,
    )


async def unpublished(connection: Connection, limit: int) -> Sequence[Entry]:
    """Return logged events that no acknowledgement was marked for; they are published again."""
    rows = await connection.fetch(
        f"""
        select {_ENTRY} from event_log l join relay_cursor c using (topic, partition)
        where l.position > c.published order by topic, partition, position limit $1
        """,  # noqa: S608  our own names
        limit,
    )
    return [Entry(**row) for row in rows]


async def mark_published(connection: Connection, entries: Sequence[Entry]) -> None:
    """Record that the broker acknowledged these entries."""
    reached: dict[tuple[str, int], int] = {}
    for entry in entries:
        reached[entry.topic, entry.partition] = entry.position
    await connection.execute(
        """
        update relay_cursor c set published = r.position
        from unnest($1::text[], $2::int[], $3::bigint[]) as r (topic, partition, position)
        where c.topic = r.topic and c.partition = r.partition and c.published < r.position
        """,
        [topic for topic, _ in reached],
        [partition for _, partition in reached],
        list(reached.values()),
    )


async def published_positions(connection: Connection) -> dict[tuple[str, int], int]:
    """Return how far each partition of the log is published."""
    rows = await connection.fetch("select topic, partition, published from relay_cursor")
    return {(row["topic"], row["partition"]): row["published"] for row in rows}


async def oldest_pending_seconds(connection: Connection) -> float:
    """Return the age in seconds of the oldest event that has no place in the log yet; 0 when there is none."""
    age = await connection.fetchval(
        "select extract(epoch from now() - event_time)::float8 from event_pending order by id limit 1"
    )
    return max(0.0, float(age or 0.0))


async def ask_for_replay(connection: Connection, replay: ReplayRequested) -> None:
    """Have a part of this log sent again; of two askings for one partition, that which begins earlier counts for both."""
    await connection.execute(
        """
        insert into replay_asked (topic, partition, after) values ($1, $2, $3)
        on conflict (topic, partition) do update set after = least(replay_asked.after, excluded.after)
        """,
        replay.topic,
        replay.partition,
        replay.after,
    )


async def next_replay(connection: Connection, last: tuple[str, int]) -> ReplayRequested | None:
    """Return one part of this log that is to be sent again; each topic and partition has its turn after the `last` one."""
    row = await connection.fetchrow(
        """
        select topic, partition, after from replay_asked
        order by (topic, partition) <= ($1, $2), topic, partition limit 1
        """,
        *last,
    )
    return None if row is None else ReplayRequested("", row["topic"], row["partition"], row["after"])


async def published_after(connection: Connection, replay: ReplayRequested, limit: int) -> Sequence[Entry]:
    """Return the first published events that a replay still has to send, in order."""
    rows = await connection.fetch(
        f"""
        select {_ENTRY} from event_log l join relay_cursor c using (topic, partition)
        where topic = $1 and partition = $2 and l.position > $3 and l.position <= c.published
        order by l.position limit $4
        """,  # noqa: S608  our own names
        replay.topic,
        replay.partition,
        replay.after,
        limit,
    )
    return [Entry(**row) for row in rows]


async def advance_replay(connection: Connection, replay: ReplayRequested, position: int) -> None:
    """Remember that a replay was sent up to `position`, unless an even earlier part was asked for meanwhile."""
    await connection.execute(
        "update replay_asked set after = $4 where topic = $1 and partition = $2 and after = $3",
        replay.topic,
        replay.partition,
        replay.after,
        position,
    )


async def finish_replay(connection: Connection, replay: ReplayRequested) -> None:
    """Forget a replay whose end was sent, unless an even earlier part was asked for meanwhile."""
    await connection.execute(
        "delete from replay_asked where topic = $1 and partition = $2 and after = $3",
        replay.topic,
        replay.partition,
        replay.after,
    )


async def gaps_to_ask_for(connection: Connection) -> Sequence[ReplayRequested]:
    """Return the gaps this service's consumer noticed and nobody answers, each at most every two seconds.

    A halted consumer would take nothing of an answer, and asks for none.
    """
    rows = await connection.fetch(
        """
        update consumer_gap set asked_at = now()
        where (asked_at is null or asked_at < now() - make_interval(secs => $1))
        and not exists (select from consumer_halt)
        returning source, topic, partition, after
        """,
        ASK_AGAIN_SECONDS,
    )
    return [ReplayRequested(row["source"], row["topic"], row["partition"], row["after"]) for row in rows]
