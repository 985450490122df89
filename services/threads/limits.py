"""How many messages an account has sent on a UTC day: every read and write of the table `sent_day`."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from shared.db.pool import Connection


async def take(connection: Connection, account_id: UUID, day: date, limit: int) -> bool:
    """Count a message against a day's limit, in the caller's transaction; False if the limit is reached."""
    taken = await connection.fetchval(
        """
        insert into sent_day as counted (account_id, day, messages)
        select $1, $2, 1 where $3 > 0
        on conflict (account_id, day) do update set messages = counted.messages + 1 where counted.messages < $3
        returning true
        """,
        account_id,
        day,
        limit,
    )
    return bool(taken)


async def give_back(connection: Connection, account_id: UUID, day: date) -> None:
    """Take a message off again that was certainly not sent."""
    await connection.execute(
        "update sent_day set messages = messages - 1 where account_id = $1 and day = $2 and messages > 0",
        account_id,
        day,
    )
