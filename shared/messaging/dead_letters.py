"""Records that could not be handled: kept whole, listed, replayed; and records put aside until their cause arrives."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from shared.contracts.envelope import Received
from shared.contracts.registry import EVENT_TYPES
from shared.db.pool import Connection
from shared.messaging.wire import UNKNOWN_TYPE, decode
from shared.observability import metrics

PARK_SECONDS = 0.5
PARK_LIMIT_SECONDS = 60.0
KNOWN_LIMIT = 20
"""How often a dead letter of a type that became known is tried, each time after a longer pause: for about two minutes."""
ANSWERED = "It is a request that was answered already: whoever sent it was told, and has to ask again."
"""Why a dead letter is not handled again."""
UNANSWERED = (
    "It is a request that was not answered: whoever sent it waits. Replay it; if that fails, they are told."
)
"""Why a dead letter is not put away."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record exactly as it lay on the broker."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def _headers_json(record: RawRecord) -> list[list[str | None]]:
    return [
        # Postgres takes no NUL, and only a stranger's header can have one in its name.
        [name.replace("\0", "\ufffd"), None if value is None else base64.b64encode(value).decode()]
        for name, value in record.headers
    ]


def _headers_from(stored: Any) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((name, None if value is None else base64.b64decode(value)) for name, value in stored)


async def keep(
    connection: Connection, record: RawRecord, *, code: str, reason: str, attempts: int = 1
) -> bool:
    """Keep a record as a dead letter in the caller's transaction; returns whether it is a new one.

    The same record again only counts attempts. Another record at the same place means that the topic was made anew: the
    dead letter that was there before moves aside, to a place that no topic has.
    """
    metrics.DEAD_LETTERS.labels(record.topic, code).inc()
    await connection.execute(
        """
        update dead_letters set record_offset = -id
        where topic = $1 and partition = $2 and record_offset = $3 and code = $4
        and (headers, value) is distinct from ($5, $6)
        """,
        record.topic,
        record.partition,
        record.offset,
        code,
        _headers_json(record),
        record.value,
    )
    is_new = await connection.fetchval(
        """
        insert into dead_letters (topic, partition, record_offset, record_key, headers, value, code, reason, attempts)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (topic, partition, record_offset, code) do update
        set attempts = dead_letters.attempts + excluded.attempts, last_at = now()
        returning attempts = $9
        """,
        record.topic,
        record.partition,
        record.offset,
        record.key,
        _headers_json(record),
        record.value,
        code,
        reason,
        attempts,
    )
    return bool(is_new)


async def park(connection: Connection, record: RawRecord, received: Received, *, reason: str) -> None:
    """Put a record aside until what it depends on has arrived."""
    metrics.PARKED.labels(record.topic).inc()
    await connection.execute(
        """
        insert into parked (event_id, source, topic, partition, record_offset, headers, value, reason, due_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))
        on conflict (event_id) do nothing
        """,
        received.event.id,
        received.source,
        record.topic,
        record.partition,
        record.offset,
        _headers_json(record),
        record.value or b"",
        reason,
        PARK_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parked record whose time has come, or a dead letter that an operator wants handled again."""

    record: RawRecord
    is_last: bool
    """Nothing but an operator tries it again after this attempt."""
    dead_letter_id: int | None = None
    event_id: UUID | None = None
    """Of a parked record: also known where the record itself cannot be read."""

    def decoded(self) -> Received:
        """Return the event of the record.

        Raises:
            Poison: It still cannot be read.
        """
        record = self.record
        # Parked and replayed records are events: control records are never kept.
        return cast("Received", decode(record.topic, record.partition, record.headers, record.value))


async def take_parked(connection: Connection) -> Waiting | None:
    """Take the next due parked record in hand; it comes back by itself unless `unpark` follows in the transaction.

    None while the service is halted: what it waits for cannot come.
    """
    row = await connection.fetchrow(
        """
        update parked set attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
        where event_id = (
            select event_id from parked where due_at <= now() and not exists (select from consumer_halt)
            order by due_at limit 1 for update skip locked
        )
        returning *, now() - parked_at > make_interval(secs => $1) as is_last
        """,
        PARK_LIMIT_SECONDS,
        PARK_SECONDS,
    )
    if row is None:
        return None
    return Waiting(_record_of(row, None), row["is_last"], event_id=row["event_id"])


async def unpark(connection: Connection, event_id: UUID | None) -> None:
    """Forget a parked record: it was handled, or kept as a dead letter."""
    await connection.execute("delete from parked where event_id = $1", event_id)


async def take_asked(connection: Connection) -> Waiting | None:
    """Take the next dead letter an operator asked to handle again, in the caller's transaction."""
    row = await connection.fetchrow(
        """
        update dead_letters set replayed_at = now() where id = (
            select id from dead_letters where replay_asked_at is not null and replayed_at is null
            order by id limit 1 for update skip locked
        )
        returning *
        """
    )
    if row is None:
        return None
    return dead_letter_of(row)


# The oldest of each type by the index, whose condition is spelled out here: the search costs the same however many are unknown.
TAKE_KNOWN = f"""
    update dead_letters set replay_asked_at = now(), replayed_at = now() where id = (
        select id from dead_letters where replayed_at is null and id = any(array(
            select oldest.id from unnest($1::text[]) as known (type) cross join lateral (
                select id from dead_letters
                where code = '{UNKNOWN_TYPE}' and replayed_at is null and type = known.type
                and attempts <= $2 and last_at < now() - make_interval(secs => $3 * attempts)
                order by id limit 1
            ) oldest
        ))
        order by id limit 1 for update skip locked
    )
    returning *
"""  # noqa: S608  only our own text is interpolated


async def take_known(connection: Connection) -> Waiting | None:
    """Take the next dead letter of a type that was unknown to the code that kept it, and is known to this one.

    It is asked for and taken at once, because the older code, which may still run, takes what an operator asked for too.
    """
    names = [base64.b64encode(name.encode()).decode() for name in EVENT_TYPES]
    row = await connection.fetchrow(TAKE_KNOWN, names, KNOWN_LIMIT, PARK_SECONDS)
    return None if row is None else dead_letter_of(row)


def dead_letter_of(row: Any) -> Waiting:
    """Return the dead letter that a row of the table holds."""
    is_last = row["code"] != UNKNOWN_TYPE or row["attempts"] >= KNOWN_LIMIT
    return Waiting(_record_of(row, row["record_key"]), is_last, dead_letter_id=row["id"])


async def replay_failed(connection: Connection, dead_letter_id: int, *, reason: str) -> None:
    """Note that handling a dead letter again failed; it waits for the operator as before."""
    await connection.execute(
        """
        update dead_letters set replay_asked_at = null, replayed_at = null, attempts = attempts + 1, last_at = now(), reason = $2
        where id = $1
        """,
        dead_letter_id,
        reason,
    )


def _record_of(row: Any, key: bytes | None) -> RawRecord:
    return RawRecord(
        row["topic"],
        row["partition"],
        row["record_offset"],
        key,
        row["value"],
        _headers_from(row["headers"]),
    )
