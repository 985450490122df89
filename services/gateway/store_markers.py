"""Every write of the read markers: what each API key was last told of accounts, and what was read of threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.gateway.reads import ACQUIRE_SECONDS
from shared.contracts.requests import Caller
from shared.contracts.threads import ThreadState
from shared.db.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands in public, and the version of everything it follows from."""

    status: str
    warmup_status: str
    version: int

    @property
    def state(self) -> tuple[str, str]:
        """Return both public states."""
        return self.status, self.warmup_status


class ReadMarkers:
    """The gateway's own memory of what callers have read; nothing but an answer to a read depends on it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def advance(self, caller: Caller, now: Mapping[UUID, Standing]) -> dict[UUID, Standing]:
        """Return what this caller's key was told of these accounts before, and remember that it is told this now.

        Reads of one key take turns, so that of several at once one is told what changed. An older standing never
        replaces a newer one; accounts that are gone are forgotten.

        Raises:
            OUTAGE: The database is away.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended('read_marker ' || $1, 0))", caller.key_id
            )
            rows = await connection.fetch(
                "select account_id, status, warmup_status, version from read_marker where key_id = $1",
                caller.key_id,
            )
            told = {
                row["account_id"]: Standing(row["status"], row["warmup_status"], row["version"])
                for row in rows
            }
            newer = {
                account_id: standing
                for account_id, standing in now.items()
                if account_id not in told or told[account_id].version < standing.version
            }
            if newer:
                await connection.execute(
                    """
                    insert into read_marker (key_id, account_id, tenant_id, status, warmup_status, version)
                    select $1, account_id, $2, status, warmup_status, version
                    from unnest($3::uuid[], $4::text[], $5::text[], $6::bigint[])
                        as t (account_id, status, warmup_status, version)
                    on conflict (key_id, account_id) do update
                        set status = excluded.status, warmup_status = excluded.warmup_status, version = excluded.version
                    """,
                    caller.key_id,
                    caller.tenant_id,
                    list(newer),
                    [each.status for each in newer.values()],
                    [each.warmup_status for each in newer.values()],
                    [each.version for each in newer.values()],
                )
            if gone := told.keys() - now.keys():
                # This caller may have looked before another that came first here, and not have seen the newest accounts.
                await connection.execute(
                    """
                    delete from read_marker m where m.key_id = $1 and m.account_id = any($2::uuid[])
                        and not exists (select from account a where a.id = m.account_id and not a.is_deleted)
                    """,
                    caller.key_id,
                    list(gone),
                )
        return told

    async def read(self, thread: ThreadState) -> None:
        """Remember that everything which had arrived in a thread was read; an older reading changes nothing.

        Raises:
            OUTAGE: The database is away.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(
                f"{_READ} where thread_read.received < excluded.received", *_of(thread), thread.received
            )

    async def leave(self, thread: ThreadState, unread: int) -> None:
        """Let a thread have this many unread messages, at most all of them.

        Raises:
            OUTAGE: The database is away.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await leave_unread(connection, thread, unread)


async def leave_unread(connection: Connection, thread: ThreadState, unread: int) -> None:
    """Let a thread have this many unread messages, at most all of them, in the caller's transaction."""
    await connection.execute(_READ, *_of(thread), max(0, thread.received - unread))


_READ = """
    insert into thread_read (thread_id, tenant_id, workspace_id, received) values ($1, $2, $3, $4)
    on conflict (thread_id) do update set received = excluded.received
"""


def _of(thread: ThreadState) -> tuple[UUID, UUID, UUID]:
    return thread.thread_id, thread.tenant_id, thread.workspace_id
