"""Every write of the warmup service: warmups by compare-and-swap, leases, waiting retries, judged days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from services.warmup.domain.attempts import SenderStatus
from services.warmup.domain.warmup import Warmup
from services.warmup.ports import Waiting, Work
from services.warmup.store_circumstances import CircumstanceDesk, CircumstanceStore
from services.warmup.warmup_rows import CHANGING, COLUMNS, values_of, warmup_of
from shared.clock import Ids
from shared.contracts.answers import AccountRequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection, Pool
from shared.messaging import answers
from shared.messaging.causes import Cause
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

ADD = f"""
    insert into warmup ({", ".join(COLUMNS)}) values ({", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))})
    on conflict (account_id) do nothing returning true
"""  # noqa: S608  only our own column names are interpolated, here and below
LOAD = f"select {', '.join(COLUMNS)} from warmup where account_id = $1 for update"  # noqa: S608
HOLD = "select true from warmup where account_id = $1 and version = $2 and lease_token = $3 for update"
REPLACE = f"""
    update warmup set lease_token = null, leased_until = null,
        {", ".join(f"{name} = ${n}" for n, name in enumerate(CHANGING, 4))}
    where account_id = $1 and version = $2 and lease_token is not distinct from $3 returning true
"""  # noqa: S608
PUT_BACK = """
    update warmup set lease_token = null, leased_until = null, due_at = $4
    where account_id = $1 and version = $2 and lease_token = $3
"""

DUE_FOR = {
    Work.ENABLE: "status in ('starting', 'not_started')",
    Work.FOLLOW: """(status = 'warming' and not is_confirmed or intent_at is not null
        and (status = 'disabled' or status = 'paused' and hold is null))""",
    Work.JUDGE: """(status = 'warming' and is_confirmed or status = 'graduated' or hold is not null
        or status = 'paused' and intent_at is null)""",
}
INTENT = """,
    intent_at = $2, attempt_by = coalesce(w.attempt_by, 'service'),
    attempt_started_at = coalesce(w.attempt_started_at, $2),
    attempts = w.attempts + (w.attempt_started_at is null)::int
"""
SHOWN = ", ".join("due.intent_at" if name == "intent_at" else f"w.{name}" for name in COLUMNS)
CLAIMS = {
    work: f"""
        with due as (
            select picked.*, row_number() over (order by due_at) as n from (
                select account_id, intent_at, due_at from warmup
                where due_at <= $2 and (leased_until is null or leased_until < now()) and {condition}
                    and (attempt_by is not null
                        or not exists (select from command where command.account_id = warmup.account_id))
                    and ($4::boolean is null or $4 = (goes_alone or attempt_by is not distinct from 'client'))
                order by due_at limit cardinality($1::uuid[]) for update skip locked
            ) picked
        )
        update warmup w set lease_token = token, leased_until = now() + make_interval(secs => $3)
            {INTENT if work is Work.ENABLE else ""}
        from due join unnest($1::uuid[]) with ordinality as tokens (token, n) using (n)
        where w.account_id = due.account_id
        returning {SHOWN}
    """  # noqa: S608
    for work, condition in DUE_FOR.items()
}

BRING_FORWARD = f"""
    update warmup set due_at = $1 where (due_at >= $2 or due_at is null) and {DUE_FOR[Work.JUDGE]}
"""  # noqa: S608


class Store(CircumstanceStore):
    """Warmups within one transaction; see `ports.WarmupStore`."""

    def __init__(self, connection: Connection, recorder: Recorder) -> None:
        super().__init__(connection)
        self._recorder = recorder

    async def add(self, warmup: Warmup) -> bool:
        """Keep a new warmup; False if the account has one."""
        return bool(await self._connection.fetchval(ADD, *values_of(warmup, COLUMNS)))

    async def load(self, account_id: UUID) -> Warmup | None:
        """Return a warmup, locked until the transaction ends."""
        row = await self._connection.fetchrow(LOAD, account_id)
        return None if row is None else warmup_of(row)

    async def hold(self, warmup: Warmup) -> bool:
        """Lock a leased warmup; False if the lease is lost or the warmup has moved on."""
        held = await self._connection.fetchval(HOLD, warmup.account_id, warmup.version, warmup.lease_token)
        return bool(held)

    async def replace(self, before: Warmup, after: Warmup) -> bool:
        """Write `after` over `before` and give up the lease; False if the row is not `before`'s any more."""
        written = await self._connection.fetchval(
            REPLACE, before.account_id, before.version, before.lease_token, *values_of(after, CHANGING)
        )
        return bool(written)

    async def add_day(self, day: int, judged: Warmup, status: SenderStatus | None) -> bool:
        """Keep the judgement of one account and day, with what the provider showed; False if that day has one."""
        decision = judged.decision
        if decision is None:
            raise ValueError("a day without a decision is not judged")
        added = await self._connection.fetchval(
            """
            insert into warmup_day
                (account_id, day, provider_status, reputation, total_sent, judgement, reason, decision)
            values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning true
            """,
            judged.account_id,
            day,
            status,
            judged.reputation,
            judged.total_sent,
            decision.judgement,
            decision.sentence,
            decision.model_dump(mode="json"),
        )
        return bool(added)

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        return await answers.begin(self._connection, self._recorder, request)

    async def wait(self, request: Recorded) -> None:
        """Let a retry request wait for the attempt under way."""
        await self._connection.execute(
            """
            insert into waiting_retry
                (request_id, account_id, event_id, event_time, tenant_id, workspace_id, traceparent)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            request.request_id,
            request.subject,
            request.id,
            request.time,
            request.tenant_id,
            request.workspace_id,
            request.traceparent,
        )

    async def take_waiting(self, account_id: UUID) -> Sequence[Waiting]:
        """Return the waiting retry requests in the order they came, and forget them."""
        rows = await self._connection.fetch(
            """
            delete from waiting_retry where account_id = $1
            returning place, request_id, event_id, event_time, tenant_id, workspace_id, traceparent
            """,
            account_id,
        )
        return [
            Waiting(row["request_id"], Cause(*tuple(row)[2:]))
            for row in sorted(rows, key=lambda row: int(row["place"]))
        ]

    async def record(self, *events: Recorded) -> None:
        """Record events; they are published once the transaction has committed."""
        await append(self._connection, *events)

    async def answer(self, cause: Cause, data: AccountRequestAnswered) -> None:
        """Record the one answer of a request; a request that has one keeps it."""
        await answers.answer(self._connection, self._recorder, cause.request(data), data)


class Desk(CircumstanceDesk):
    """Due warmups and the transactions to conclude them in; see `ports.WarmupDesk`."""

    def __init__(self, pool: Pool, recorder: Recorder, ids: Ids, *, lease_seconds: float) -> None:
        super().__init__(pool, ids, lease_seconds=lease_seconds)
        self._recorder = recorder

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Store]:
        """Open a transaction; it commits when the block ends without an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield Store(connection, self._recorder)

    async def claim(
        self, work: Work, limit: int, now: datetime, *, alone: bool | None = None
    ) -> Sequence[Warmup]:
        """Lease what is due, each under a fresh token; for enabling, the intent is committed with the lease."""
        rows = await self._pool.fetch(CLAIMS[work], self._tokens(limit), now, self._lease_seconds, alone)
        return [warmup_of(row) for row in rows]

    async def bring_forward(self, to: datetime, beyond: datetime) -> None:
        """Let the days be due at one instant that are due at another or later, or were never planned."""
        await self._pool.execute(BRING_FORWARD, to, beyond)

    async def put_back(self, warmup: Warmup, due_at: datetime) -> None:
        """Give up the lease and keep the intent."""
        await self._pool.execute(PUT_BACK, warmup.account_id, warmup.version, warmup.lease_token, due_at)
