"""Taking people out of what a service keeps of its threads' events, in place: its log, its answers, records put aside."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared.contracts.envelope import THREADS
from shared.contracts.people import without_people
from shared.db.columns import as_columns
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds the data of events, and how its rows are told apart."""

    table: str
    key: str
    column: str
    kind: Literal["bytea", "jsonb"]
    key_kind: Literal["uuid", "bigint"] = "uuid"


PENDING = Place("event_pending", "id", "data", "bytea", "bigint")
LOG = Place("event_log", "event_id", "data", "bytea")
ANSWERS = Place("handled_request", "request_id", "answer", "bytea")
PARKED = Place("parked", "event_id", "value", "bytea")
DEAD = Place("dead_letters", "id", "value", "bytea", "bigint")

# The topic is spelled out, as the index of the log has it.
ABOUT = f"topic = '{THREADS}' and subject = any($1::uuid[])"
ASKED = f"""
    request_id in (
        select request_id from event_log where {ABOUT} union all select request_id from event_pending where {ABOUT}
    )
"""  # noqa: S608  only our own text is interpolated


async def forget_people(connection: Connection, threads: Iterable[UUID]) -> None:
    """Take everybody out of the events of these threads that the caller's schema keeps, in the caller's transaction.

    Places, ids and causes stay, so that the log can be sent again and handled again as before.
    """
    subjects = list(threads)
    # Pending first: the relay holds those rows while it moves them, so that what it has moved is in the log by then.
    await take_out(connection, PENDING, ABOUT, subjects)
    await take_out(connection, LOG, ABOUT, subjects)
    await take_out(connection, ANSWERS, ASKED, subjects)
    headers = [
        json.dumps([["ce_subject", base64.b64encode(str(each).encode()).decode()]]) for each in subjects
    ]
    for place in (PARKED, DEAD):
        await take_out(connection, place, "headers @> any($1::text[]::jsonb[])", headers)


async def take_out(connection: Connection, place: Place, condition: str, *arguments: Any) -> None:
    """Take everybody out of the data that lie in a place, where the condition holds; what nobody can read is emptied."""
    rows = await connection.fetch(
        f"""
        select {place.key} as key, {place.column} as data from {place.table}
        where {place.column} is not null and {condition} order by {place.key} for update
        """,  # noqa: S608  our own names, here and below
        *arguments,
    )
    changed = [(row["key"], _cleaned(row["data"])) for row in rows]
    changed = [(key, data) for (key, data), row in zip(changed, rows, strict=True) if data != row["data"]]
    if changed:
        await connection.execute(
            f"""
            update {place.table} t set {place.column} = c.data
            from unnest($1::{place.key_kind}[], $2::{place.kind}[]) as c (key, data) where t.{place.key} = c.key
            """,  # noqa: S608
            *as_columns(changed),
        )


def _cleaned(data: Any) -> Any:
    if not isinstance(data, bytes):
        return without_people(data)
    try:
        said = json.loads(data)
    except ValueError:
        return b""
    clean = without_people(said)
    if clean == said:
        return data
    return json.dumps(clean, ensure_ascii=False, separators=(",", ":")).encode()
