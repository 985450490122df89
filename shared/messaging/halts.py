"""The halt of a service's consumer: once too many records died, no process of the service consumes until an operator says so.

It is a row in the service's schema, written in the transaction that keeps the last straw, so that it outlives every restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.db.pool import Connection, Pool


class ConsumerHalted(Exception):
    """The service's consumer is halted: nothing is handled, and nothing more is kept as a dead letter."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a service's consumer is halted, and since when."""

    reason: str
    at: datetime


async def current(database: Connection | Pool) -> Halt | None:
    """Return the service's halt; None while it may consume."""
    row = await database.fetchrow("select reason, halted_at from consumer_halt")
    return None if row is None else Halt(row["reason"], row["halted_at"])


async def halt(connection: Connection, reason: str) -> None:
    """Halt the service's consumer in the caller's transaction."""
    await connection.execute("insert into consumer_halt (reason) values ($1) on conflict do nothing", reason)


async def lift(connection: Connection) -> bool:
    """Let the service consume again; returns whether it was halted. Records put aside get their whole patience anew."""
    async with connection.transaction():
        was_halted = await connection.fetchval("delete from consumer_halt returning true")
        if was_halted:
            await connection.execute("update parked set parked_at = now(), due_at = now()")
    return bool(was_halted)
