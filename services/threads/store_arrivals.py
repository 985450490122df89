"""Every read and write of what arrives: reports until they are worked off, and the threads that mail may join."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.threads.ports_inbound import Arrival
from services.threads.store import Store
from shared.content import parts
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ProviderEventReported, ThreadStatus
from shared.db.pool import Connection, Pool
from shared.messaging.recorder import Recorder

FIELDS = "provider, event_id, event_type, inbox_id, content_ref, mail_id, cause_id, cause_time, attempts"
SHOWN = ", ".join(f"arrival.{name}" for name in FIELDS.split(", "))
CLAIM = f"""
    with due as (
        select provider, event_id from arrival
        where due_at <= $2 and (leased_until is null or leased_until < now())
        order by due_at limit $3 for update skip locked
    )
    update arrival set lease_token = $1, leased_until = now() + make_interval(secs => $4),
        attempts = arrival.attempts + 1
    from due where (arrival.provider, arrival.event_id) = (due.provider, due.event_id)
    returning {SHOWN}, arrival.lease_token
"""  # noqa: S608  only our own column names are interpolated, here and below
HELD = "where provider = $1 and event_id = $2 and lease_token = $3"
HOLD = f"select true from arrival {HELD} for update"  # noqa: S608
FINISH = f"""
    update arrival set lease_token = null, leased_until = null, due_at = null, content_ref = null {HELD}
"""  # noqa: S608
PUT_BACK = f"update arrival set lease_token = null, leased_until = null, due_at = $4 {HELD}"  # noqa: S608
CRASHED = f"""
    update arrival set crashes = crashes + 1,
        leased_until = now() + make_interval(secs => least($4 * power(2, greatest(crashes - 1, 0)), 3600))
    {HELD} returning crashes
"""  # noqa: S608
BETWEEN = """
    select id from thread
    where workspace_id = $1 and account_id = $2 and participant_email = $3 and status = any($4) and channel = 'email'
    order by status = 'archived', coalesce(last_message_at, created_at) desc limit 1
"""


class ArrivalStore(Store):
    """What arrives, and the threads it may concern, within one transaction."""

    async def add(self, event: Recorded, data: ProviderEventReported) -> bool:
        """Keep a report until it is worked off; False if it came before."""
        return bool(
            await self.connection.fetchval(
                """
                insert into arrival
                    (provider, event_id, event_type, inbox_id, content_ref, received_at, cause_id, cause_time, due_at)
                values ($1, $2, $3, $4, $5, $6, $7, $6, '-infinity')
                on conflict do nothing returning true
                """,
                data.provider,
                data.event_id,
                data.event_type,
                data.inbox_id,
                data.content_ref,
                event.time,
                event.id,
            )
        )

    async def content_of(self, provider: str, event_id: str) -> UUID | None:
        """Return what a report said, where that is still needed."""
        content_ref: UUID | None = await self.connection.fetchval(
            "select content_ref from arrival where provider = $1 and event_id = $2", provider, event_id
        )
        return content_ref

    async def forget(self, content_ref: UUID) -> None:
        """Erase what a report said."""
        await parts.forget(self.connection, [content_ref])

    async def hold(self, arrival: Arrival) -> bool:
        """Lock an arrival; False if its lease is lost."""
        return bool(
            await self.connection.fetchval(HOLD, arrival.provider, arrival.event_id, arrival.lease_token)
        )

    async def finish(self, arrival: Arrival) -> None:
        """Nothing is left to do for an arrival; what was reported is erased."""
        await self.connection.execute(FINISH, arrival.provider, arrival.event_id, arrival.lease_token)
        if arrival.content_ref is not None:
            await self.forget(arrival.content_ref)

    async def account_at(self, inbox_id: str) -> AccountState | None:
        """Return the account behind an inbox, as its owner last told."""
        account = await self.connection.fetchval(
            "select account from sender where inbox_id = $1 order by account_version desc limit 1", inbox_id
        )
        return None if account is None else AccountState.model_validate(account)

    async def queue_up(self, account_id: UUID) -> None:
        """Wait until no other mail to the same account is being worked off, until the transaction ends."""
        await self.connection.execute(
            "select pg_advisory_xact_lock(hashtextextended('arrivals ' || $1, 0))", str(account_id)
        )

    async def has_mail(self, account_id: UUID, provider_message_id: str) -> bool:
        """Return whether a mail came before; one to oneself has left under the same id as well."""
        return bool(
            await self.connection.fetchval(
                """
                select true from message
                where account_id = $1 and provider_message_id = $2 and direction = 'inbound'
                """,
                account_id,
                provider_message_id,
            )
        )

    async def answered(
        self,
        account_id: UUID,
        references: Sequence[str],
        ids: Sequence[UUID],
        among: Collection[ThreadStatus],
    ) -> UUID | None:
        """Return the thread of the first of these messages that is known, by the world's ids or by ours."""
        thread_id: UUID | None = await self.connection.fetchval(
            """
            select m.thread_id from message m join thread t on t.id = m.thread_id
            where m.account_id = $1 and t.status = any($4)
                and (m.provider_message_id = any($2::text[]) or m.id = any($3::uuid[]))
            order by array_position($2::text[], m.provider_message_id) nulls last limit 1
            """,
            account_id,
            list(references),
            list(ids),
            list(among),
        )
        return thread_id

    async def holding(
        self, account_id: UUID, provider_thread_id: str, among: Collection[ThreadStatus]
    ) -> UUID | None:
        """Return the newest thread whose mail the provider keeps in this thread of its own."""
        thread_id: UUID | None = await self.connection.fetchval(
            """
            select id from thread where account_id = $1 and provider_thread_id = $2 and status = any($3)
            order by created_at desc limit 1
            """,
            account_id,
            provider_thread_id,
            list(among),
        )
        return thread_id

    async def between(
        self, account: AccountState, participant_email: str, among: Collection[ThreadStatus]
    ) -> UUID | None:
        """Return the newest thread between an account and a participant; one in the archive comes last."""
        thread_id: UUID | None = await self.connection.fetchval(
            BETWEEN, account.workspace_id, account.account_id, participant_email, list(among)
        )
        return thread_id

    async def sent(self, account_id: UUID, provider_message_id: str, ids: Sequence[UUID]) -> Any:
        """Return `id` and `thread_id` of a message that left, by the world's id or by ours; None if there is none."""
        return await self.connection.fetchrow(
            """
            select id, thread_id from message
            where account_id = $1 and direction = 'outbound'
                and (provider_message_id = $2 or id = any($3::uuid[]))
            """,
            account_id,
            provider_message_id,
            list(ids),
        )

    async def heard(self, provider: str, at: datetime) -> None:
        """Note that a webhook brings what it should; one note in ten seconds is enough."""
        await self.connection.execute(
            """
            update webhook set heard_at = $2
            where provider = $1 and (heard_at is null or heard_at < $2::timestamptz - interval '10 seconds')
            """,
            provider,
            at,
        )


class ArrivalDesk:
    """Due arrivals, and the transactions to work them off in."""

    def __init__(self, pool: Pool, recorder: Recorder, *, lease_seconds: float) -> None:
        self._pool = pool
        self._recorder = recorder
        self._lease_seconds = lease_seconds

    async def claim(self, limit: int) -> Sequence[Arrival]:
        """Lease due arrivals, those that wait longest first."""
        rows = await self._pool.fetch(
            CLAIM, self._recorder.ids.new(), self._recorder.clock.now(), limit, self._lease_seconds
        )
        return [Arrival(**row) for row in rows]

    async def report(self, arrival: Arrival) -> dict[str, Any] | None:
        """Return what was reported; None if nothing was, or it is erased."""
        if arrival.content_ref is None:
            return None
        async with self._pool.acquire() as connection:
            return await parts.get_report(connection, arrival.content_ref)

    async def put_back(self, arrival: Arrival, wait_seconds: float) -> None:
        """Give up the lease and try again later; nothing happens if the lease is lost."""
        due_at = self._recorder.clock.now() + timedelta(seconds=wait_seconds)
        await self._pool.execute(PUT_BACK, arrival.provider, arrival.event_id, arrival.lease_token, due_at)

    async def crashed(self, arrival: Arrival) -> int:
        """Note that an arrival crashed the work; returns how often now, 0 if the lease is lost.

        It comes back when its lease ends, which lasts twice as long each time, up to an hour.
        """
        values = (arrival.provider, arrival.event_id, arrival.lease_token, self._lease_seconds)
        return int(await self._pool.fetchval(CRASHED, *values) or 0)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ArrivalStore]:
        """Open a transaction; it commits when the block ends without an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield store_on(connection, self._recorder)


def store_on(connection: Connection, recorder: Recorder) -> ArrivalStore:
    """Return the store within a transaction that is open already."""
    return ArrivalStore(connection, recorder)
