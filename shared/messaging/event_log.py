"""Recording events: a row in the same transaction as the state it announces (the log and its relay do the rest)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.contracts.envelope import Recorded
from shared.db.columns import as_columns
from shared.db.pool import Connection
from shared.messaging.wire import encode_data

COLUMNS = (
    "event_id", "topic", "type", "subject", "event_time", "sequence", "tenant_id", "workspace_id",
    "request_id", "causation_id", "traceparent", "data",
)  # fmt: skip
SQL_TYPES = (
    "uuid", "text", "text", "uuid", "timestamptz", "bigint", "uuid", "uuid", "uuid", "uuid", "text", "bytea",
)  # fmt: skip

APPEND = f"""
    insert into event_pending ({", ".join(COLUMNS)})
    select * from unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(SQL_TYPES, 1))})
"""  # noqa: S608  only our own column names are interpolated


async def append(connection: Connection, *events: Recorded) -> None:
    """Record events in the caller's transaction; they are published once it has committed, in this order.

    Raises:
        ValueError: An event's data is larger than a broker takes.
    """
    if events:
        await connection.execute(APPEND, *columns(events))


def columns(events: Iterable[Recorded]) -> Sequence[list[Any]]:
    """Return the events as one list per column of `COLUMNS`, for statements that record many at once."""
    rows = [
        (
            event.id, event.data.TOPIC, event.data.TYPE, event.subject, event.time, event.sequence, event.tenant_id,
            event.workspace_id, event.request_id, event.causation_id, event.traceparent, encode_data(event),
        )
        for event in events
    ]  # fmt: skip
    return as_columns(rows)
