"""Every read and write of what inboxes are looked through for: a durable cursor each, and mail that nobody reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.threads.domain.arriving import receives_threads
from services.threads.ports_inbound import RECEIVED
from shared.contracts.accounts import AccountState, AccountStatus
from shared.db.pool import Connection, Pool
from shared.messaging.recorder import Recorder

CLAIM = """
    with due as (
        select account_id from poll
        where due_at <= $2 and (leased_until is null or leased_until < now())
        order by due_at limit $3 for update skip locked
    )
    update poll set lease_token = $1, leased_until = now() + make_interval(secs => $4)
    from due where poll.account_id = due.account_id
    returning poll.account_id, poll.inbox_id, poll.seen_until, poll.failures, poll.lease_token
"""
KEEP = """
    insert into arrival (provider, event_id, event_type, inbox_id, mail_id, received_at, due_at)
    select $1, 'found ' || $2 || ' ' || found.id, $3, $2, found.id, $4, '-infinity' from unnest($5::text[]) found (id)
    where not exists (
        select from message
        where account_id = $6 and provider_message_id = found.id and direction = 'inbound'
    )
    on conflict do nothing returning mail_id
"""
TRUSTED = """
    select registered_at is not null and heard_at is not null and (missed_at is null or missed_at < heard_at)
    from webhook where provider = $1
"""


@dataclass(frozen=True, slots=True)
class Poll:
    """An inbox to be looked through, under a lease of this worker's."""

    account_id: UUID
    inbox_id: str
    seen_until: datetime
    failures: int
    lease_token: UUID


async def follow_inbox(connection: Connection, recorder: Recorder, account: AccountState) -> None:
    """Look through an account's inbox from now on, beginning with its first mail; no more once it goes away."""
    if not receives_threads(account):
        await connection.execute("delete from poll where account_id = $1", account.account_id)
    elif account.inbox_id is not None and account.status is AccountStatus.PROVISIONED:
        await connection.execute(
            """
            insert into poll (account_id, inbox_id, seen_until, due_at) values ($1, $2, $3, $4)
            on conflict do nothing
            """,
            account.account_id,
            account.inbox_id.lower(),
            account.created_at,
            recorder.clock.now(),
        )


class PollStore:
    """One inbox within one transaction."""

    def __init__(self, connection: Connection, recorder: Recorder, provider: str) -> None:
        self._connection = connection
        self._recorder = recorder
        self._provider = provider

    async def hold(self, poll: Poll) -> bool:
        """Lock an inbox's cursor; False if the lease is lost."""
        return bool(
            await self._connection.fetchval(
                "select true from poll where account_id = $1 and lease_token = $2 for update",
                poll.account_id,
                poll.lease_token,
            )
        )

    async def keep(self, poll: Poll, mail_ids: Sequence[str]) -> list[str]:
        """Put aside, to be read, what of this mail is not known yet; returns what that was."""
        rows = await self._connection.fetch(
            KEEP,
            self._provider,
            poll.inbox_id,
            RECEIVED,
            self._recorder.clock.now(),
            list(mail_ids),
            poll.account_id,
        )
        return [row["mail_id"] for row in rows]

    async def advance(self, poll: Poll, seen_until: datetime) -> None:
        """Move the cursor on."""
        await self._connection.execute(
            "update poll set seen_until = $2 where account_id = $1", poll.account_id, seen_until
        )

    async def missed(self, within_seconds: float) -> None:
        """Note that the webhook did not bring what it should; if it was trusted, look through every inbox soon."""
        now = self._recorder.clock.now()
        was_trusted = await self._connection.fetchval(TRUSTED, self._provider)
        await self._connection.execute(
            "update webhook set missed_at = $2 where provider = $1", self._provider, now
        )
        if was_trusted:
            await self._connection.execute(
                """
                update poll set due_at = $1::timestamptz + make_interval(secs => random() * $2)
                where due_at > $1::timestamptz + make_interval(secs => $2) and lease_token is null
                """,
                now,
                within_seconds,
            )


class PollDesk:
    """Inboxes that are due, and the transactions to keep their mail in."""

    def __init__(self, pool: Pool, recorder: Recorder, provider: str, *, lease_seconds: float) -> None:
        self._pool = pool
        self._recorder = recorder
        self._provider = provider
        self._lease_seconds = lease_seconds

    async def claim(self, limit: int) -> Sequence[Poll]:
        """Lease due inboxes, those that wait longest first."""
        rows = await self._pool.fetch(
            CLAIM, self._recorder.ids.new(), self._recorder.clock.now(), limit, self._lease_seconds
        )
        return [Poll(**row) for row in rows]

    async def trusts_webhook(self) -> bool:
        """Return whether the provider's webhook brings what it should, as far as anybody knows."""
        return bool(await self._pool.fetchval(TRUSTED, self._provider))

    async def put_back(self, poll: Poll, wait_seconds: float, *, failures: int) -> None:
        """Give up the lease until the next look."""
        await self._pool.execute(
            """
            update poll set lease_token = null, leased_until = null, due_at = $3, failures = $4
            where account_id = $1 and lease_token = $2
            """,
            poll.account_id,
            poll.lease_token,
            self._recorder.clock.now() + timedelta(seconds=wait_seconds),
            failures,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PollStore]:
        """Open a transaction; it commits when the block ends without an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PollStore(connection, self._recorder, self._provider)
