"""Attempts at commands and the requests that wait for them: one attempt per account, under the warmup's own lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.warmup.domain.commands import Attempt, Command, Stage
from services.warmup.domain.warmup import Warmup
from services.warmup.ports import DueCommand, Waiting
from services.warmup.warmup_rows import COLUMNS, warmup_of
from shared.clock import Ids
from shared.contracts.envelope import Recorded
from shared.db.leased_rows import LeasedRows
from shared.db.pool import Connection, Pool
from shared.messaging.causes import Cause

ATTEMPT = ("command", "reason", "started_at", "stage", "stage_at", "job_id", "tries")
CLAIM = f"""
    with due as (
        select picked.*, row_number() over (order by due_at) as n from (
            select c.account_id, c.intent_at, c.due_at from command c join warmup w using (account_id)
            where c.due_at <= $2 and w.attempt_by is null and (w.leased_until is null or w.leased_until < now())
            order by c.due_at limit cardinality($1::uuid[]) for update skip locked
        ) picked
    ), leased as (
        update warmup w set lease_token = token, leased_until = now() + make_interval(secs => $3)
        from due join unnest($1::uuid[]) with ordinality as tokens (token, n) using (n)
        where w.account_id = due.account_id returning {", ".join(f"w.{name}" for name in COLUMNS)}
    ), intended as (
        update command c set intent_at = $2, started_at = coalesce(c.started_at, $2)
        from due where c.account_id = due.account_id
        returning c.account_id, due.intent_at as intent,
            {", ".join(f"c.{name} as command_{name}" for name in ATTEMPT)}
    )
    select * from leased join intended using (account_id)
"""  # noqa: S608  only our own column names are interpolated
RELEASE = """
    update warmup set lease_token = null, leased_until = null
    where account_id = $1 and version = $2 and lease_token = $3 returning true
"""


class CommandStore:
    """Attempts at commands within one transaction; see `ports.WarmupStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def command_of(self, account_id: UUID) -> Command | None:
        """Return the command that an attempt is under way for."""
        command = await self._connection.fetchval(
            "select command from command where account_id = $1", account_id
        )
        return None if command is None else Command(command)

    async def open_command(
        self, account_id: UUID, command: Command, reason: str | None, due_at: datetime
    ) -> None:
        """Open an attempt at a command."""
        await self._connection.execute(
            "insert into command (account_id, command, reason, due_at) values ($1, $2, $3, $4)",
            account_id,
            command,
            reason,
            due_at,
        )

    async def wait_for_command(self, request: Recorded) -> None:
        """Let a request wait for the attempt at its command."""
        await self._connection.execute(
            """
            insert into waiting_command
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

    async def put_off_command(self, warmup: Warmup, attempt: Attempt, due_at: datetime) -> None:
        """Keep what the attempt has come to, and give up the lease until it goes on."""
        await self._connection.execute(
            """
            update command set due_at = $2, intent_at = $3, stage = $4, stage_at = $5, job_id = $6, tries = $7
            where account_id = $1
            """,
            warmup.account_id,
            due_at,
            attempt.intent_at,
            attempt.stage,
            attempt.stage_at,
            attempt.job_id,
            attempt.tries,
        )
        await self.release(warmup)

    async def close_command(self, account_id: UUID) -> Sequence[Waiting]:
        """End the attempt at a command, if there is one; return who waits for it, first come first."""
        rows = await self._connection.fetch(
            """
            delete from waiting_command where account_id = $1
            returning place, request_id, event_id, event_time, tenant_id, workspace_id, traceparent
            """,
            account_id,
        )
        await self._connection.execute("delete from command where account_id = $1", account_id)
        return [
            Waiting(row["request_id"], Cause(*tuple(row)[2:]))
            for row in sorted(rows, key=lambda row: int(row["place"]))
        ]

    async def release(self, warmup: Warmup) -> None:
        """Give up the lease and change nothing else."""
        await self._connection.execute(RELEASE, warmup.account_id, warmup.version, warmup.lease_token)


class CommandDesk(LeasedRows):
    """Due commands; see `ports.WarmupDesk`."""

    TABLE = "warmup"

    def __init__(self, pool: Pool, ids: Ids, *, lease_seconds: float) -> None:
        super().__init__(pool, lease_seconds=lease_seconds)
        self._ids = ids

    async def claim_commands(self, limit: int, now: datetime) -> Sequence[DueCommand]:
        """Lease warmups whose command is due, each under a fresh token; the intent is committed with the lease."""
        rows = await self._pool.fetch(CLAIM, self._tokens(limit), now, self._lease_seconds)
        return [DueCommand(warmup_of(row), _attempt(row)) for row in rows]

    async def put_back_command(self, warmup: Warmup, due_at: datetime) -> None:
        """Give up the lease and keep the attempt as it is, the intent included."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(RELEASE, warmup.account_id, warmup.version, warmup.lease_token):
                await connection.execute(
                    "update command set due_at = $2 where account_id = $1", warmup.account_id, due_at
                )

    def _tokens(self, count: int) -> list[UUID]:
        return [self._ids.new() for _ in range(count)]


def _attempt(row: Any) -> Attempt:
    values = {name: row[f"command_{name}"] for name in ATTEMPT}
    values["command"] = Command(values["command"])
    values["stage"] = None if values["stage"] is None else Stage(values["stage"])
    return Attempt(intent_at=row["intent"], **values)
