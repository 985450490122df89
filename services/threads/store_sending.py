"""Messages that are to leave: claimed under leases, one of a thread at a time, in the order they were asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.threads.domain.message import Message
from services.threads.domain.sending import Again
from services.threads.rows import MESSAGE_COLUMNS, message_of
from services.threads.store import Store
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.accounts import AccountState
from shared.contracts.standing import is_ready_to_send
from shared.contracts.warmups import WarmupState
from shared.db.leased_rows import LeasedRows
from shared.db.leases import LeaseLost
from shared.db.pool import Pool
from shared.messaging.recorder import Recorder

INTENT = ("intent_at", "called_at")
"""Written with the claim, so that a crash leaves them behind; the work gets them as they were."""
SHOWN = ", ".join(f"{'due' if name in INTENT else 'message'}.{name}" for name in MESSAGE_COLUMNS)
CLAIM = f"""
    with due as (
        select picked.*, row_number() over (order by due_at, id) as n from (
            select id, due_at, intent_at, called_at from message first
            where due_at <= $2 and status = 'queued' and (leased_until is null or leased_until < now())
                and not exists (
                    select from message earlier
                    where earlier.thread_id = first.thread_id and earlier.status = 'queued'
                        and (earlier.created_at, earlier.id) < (first.created_at, first.id)
                )
            order by due_at limit cardinality($1::uuid[]) for update skip locked
        ) picked
    ), claimed as (
        update message set lease_token = token, leased_until = now() + make_interval(secs => $3),
            intent_at = coalesce(message.intent_at, $2), called_at = $2, attempts = message.attempts + 1
        from due join unnest($1::uuid[]) with ordinality as tokens (token, n) using (n)
        where message.id = due.id
        returning {SHOWN}
    )
    select claimed.*, sender.inbox_id, sender.account, sender.warmup
    from claimed left join sender using (account_id)
"""  # noqa: S608  only our own column names are interpolated
PUT_BACK = """
    update message set lease_token = null, leased_until = null,
        due_at = $3, intent_at = $4, called_at = $5, unready_since = $6
    where id = $1 and lease_token = $2 returning true
"""


@dataclass(frozen=True, slots=True, eq=False)
class DueMessage:
    """A message under a lease, as it was before the intent that was committed with it, and what it is sent from."""

    message: Message
    token: UUID
    inbox_id: str | None
    is_ready: bool
    """Whether its account may send at this moment (A24)."""


class SendingDesk(LeasedRows):
    """Due messages, and the transactions to conclude them in; an index has those few of all messages that are to leave."""

    TABLE = "message"
    LEASABLE = "status = 'queued'"

    def __init__(self, pool: Pool, recorder: Recorder, *, lease_seconds: float) -> None:
        super().__init__(pool, lease_seconds=lease_seconds)
        self._recorder = recorder

    async def claim(self, limit: int) -> Sequence[DueMessage]:
        """Lease due messages, each under a token of its own; the intent to call is committed with the lease."""
        tokens = [self._recorder.ids.new() for _ in range(limit)]
        rows = await self._pool.fetch(CLAIM, tokens, self._recorder.clock.now(), self._lease_seconds)
        return [_due(row) for row in rows]

    async def content(self, message: Message) -> MailContent | None:
        """Return what the message says; None if it was erased."""
        async with self._pool.acquire() as connection:
            return await parts.get(connection, message.content_ref)

    async def put_back(self, due: DueMessage, again: Again) -> None:
        """Give up the lease and keep what is known.

        Raises:
            LeaseLost: Somebody else has the message.
        """
        due_at = self._recorder.clock.now() + timedelta(seconds=again.wait_seconds)
        put_back = await self._pool.fetchval(
            PUT_BACK,
            due.message.id,
            due.token,
            due_at,
            again.intent_at,
            again.called_at,
            again.unready_since,
        )
        if not put_back:
            raise LeaseLost("The message is somebody else's.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Store]:
        """Open a transaction; it commits when the block ends without an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield Store(connection, self._recorder)


def _due(row: Any) -> DueMessage:
    message = message_of(row)
    if message.lease_token is None:
        raise LookupError("A claimed message has its lease.")
    warmup = row["warmup"]
    return DueMessage(
        message,
        message.lease_token,
        row["inbox_id"],
        row["account"] is not None
        and is_ready_to_send(
            AccountState.model_validate(row["account"]),
            WarmupState.model_validate(warmup) if warmup is not None else None,
        ),
    )
