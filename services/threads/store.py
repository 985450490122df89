"""Every write of threads and messages: loaded under lock, saved by compare-and-swap, with their facts and answers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.threads.domain.mail import LEFT
from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from services.threads.rows import (
    MESSAGE_CHANGING,
    MESSAGE_COLUMNS,
    THREAD_CHANGING,
    THREAD_COLUMNS,
    message_of,
    thread_of,
    values_of,
)
from shared.contracts.answers import ThreadRequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection
from shared.errors import NotYet
from shared.messaging import answers
from shared.messaging.causes import Cause
from shared.messaging.event_log import append
from shared.messaging.forgetting import forget_people
from shared.messaging.recorder import Recorder


def _places(columns: Sequence[str], first: int = 1) -> str:
    return ", ".join(f"${n}" for n in range(first, len(columns) + first))


def _settings(columns: Sequence[str], first: int) -> str:
    return ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, first))


_THREAD, _MESSAGE = ", ".join(THREAD_COLUMNS), ", ".join(MESSAGE_COLUMNS)
# Only our own column names are interpolated, here and below.
ADD_THREAD = f"""
    insert into thread ({_THREAD}) values ({_places(THREAD_COLUMNS)}) on conflict do nothing returning true
"""  # noqa: S608
THREAD = f"select {_THREAD} from thread where id = $1 for update"  # noqa: S608
BLOCKING = f"""
    select {_THREAD} from thread
    where account_id = $1 and participant_email = $2 and channel = 'email' and status in ('draft', 'active')
"""  # noqa: S608
SAVE_THREAD = f"""
    update thread set {_settings(THREAD_CHANGING, 3)} where id = $1 and version = $2 returning true
"""  # noqa: S608
ADD_MESSAGE = f"insert into message ({_MESSAGE}) values ({_places(MESSAGE_COLUMNS)})"  # noqa: S608
MESSAGE = f"select {_MESSAGE} from message where id = $1 for update"  # noqa: S608
MESSAGES = f"select {_MESSAGE} from message where thread_id = $1 order by created_at, id for update"  # noqa: S608
ANSWERABLE = " union all ".join(
    f"""(
        select {_MESSAGE} from message
        where thread_id = $1 and account_id = $2 and provider_message_id is not null and {which}
        order by coalesce(sent_at, created_at) desc, id desc limit 1
    )"""  # noqa: S608
    for which in ("direction = 'inbound'", "status = any($3::text[])")
)
SAVE_MESSAGE = f"""
    update message set lease_token = null, leased_until = null, {_settings(MESSAGE_CHANGING, 4)}
    where id = $1 and status = $2 and lease_token is not distinct from $3 returning true
"""  # noqa: S608


class Stale(RuntimeError):
    """A row was about to be written over by what was decided about an older one: it was not loaded under lock."""


class Store:
    """Threads and messages within one transaction.

    Whoever changes a message locks its thread first (`thread`), so that changes of one thread happen one after another
    and its version counts them all.
    """

    def __init__(self, connection: Connection, recorder: Recorder) -> None:
        self.connection = connection
        self._recorder = recorder

    async def add_thread(self, thread: Thread) -> bool:
        """Keep a new thread; False if a draft or active one has its sender and recipient (S3-27, S3-36)."""
        return bool(await self.connection.fetchval(ADD_THREAD, *values_of(thread, THREAD_COLUMNS)))

    async def thread(self, thread_id: UUID) -> Thread | None:
        """Return a thread, locked until the transaction ends."""
        row = await self.connection.fetchrow(THREAD, thread_id)
        return None if row is None else thread_of(row)

    async def blocking(self, account_id: UUID, participant_email: str) -> Thread | None:
        """Return the draft or active thread between a sender and a recipient, not locked."""
        row = await self.connection.fetchrow(BLOCKING, account_id, participant_email)
        return None if row is None else thread_of(row)

    async def in_the_way_of(self, thread: Thread) -> Thread:
        """Return the thread that kept one from being added or saved.

        Raises:
            NotYet: It has been archived or erased since, so there is nothing in the way any more.
        """
        existing = None
        if thread.account_id is not None and thread.participant_email is not None:
            existing = await self.blocking(thread.account_id, thread.participant_email)
        if existing is None or existing.id == thread.id:
            raise NotYet(f"What was in the way of the thread {thread.id} is gone.")
        return existing

    async def save_thread(self, before: Thread, after: Thread) -> bool:
        """Write `after` over `before`; False, and nothing written, if another thread has its sender and recipient.

        Raises:
            Stale: The thread is not at `before`'s version.
        """
        try:
            # A savepoint: the transaction goes on when the pair is taken.
            async with self.connection.transaction():
                written = await self.connection.fetchval(
                    SAVE_THREAD, before.id, before.version, *values_of(after, THREAD_CHANGING)
                )
        except asyncpg.UniqueViolationError:
            return False
        if not written:
            raise Stale(f"The thread {before.id} is not at version {before.version} any more.")
        return True

    async def add_message(self, message: Message) -> None:
        """Keep a new message."""
        await self.connection.execute(ADD_MESSAGE, *values_of(message, MESSAGE_COLUMNS))

    async def message(self, message_id: UUID) -> Message | None:
        """Return a message, locked until the transaction ends."""
        row = await self.connection.fetchrow(MESSAGE, message_id)
        return None if row is None else message_of(row)

    async def messages(self, thread_id: UUID) -> Sequence[Message]:
        """Return the messages of a thread, the oldest first, locked until the transaction ends."""
        return [message_of(row) for row in await self.connection.fetch(MESSAGES, thread_id)]

    async def answerable(self, thread_id: UUID, account_id: UUID) -> Sequence[Message]:
        """Return what a sender can reply to in a thread: the latest mail that arrived there, and that left, if any did."""
        rows = await self.connection.fetch(ANSWERABLE, thread_id, account_id, list(LEFT))
        return [message_of(row) for row in rows]

    async def last_subject(self, thread_id: UUID) -> str | None:
        """Return the subject of the newest message of a thread that has one."""
        subject: str | None = await self.connection.fetchval(
            """
            select p.body ->> 'subject' from message m join content.part p on p.id = m.content_ref
            where m.thread_id = $1 and p.body ->> 'subject' <> ''
            order by m.created_at desc, m.id desc limit 1
            """,
            thread_id,
        )
        return subject

    async def save_message(self, before: Message, after: Message) -> None:
        """Write `after` over `before` and give up the lease.

        Raises:
            Stale: `before`'s lease is lost, or it has moved on.
        """
        if not await self.connection.fetchval(
            SAVE_MESSAGE, before.id, before.status, before.lease_token, *values_of(after, MESSAGE_CHANGING)
        ):
            raise Stale(f"The message {before.id} is not as it was any more.")

    async def threads_with_untouched(self, account_id: UUID) -> Sequence[UUID]:
        """Return the threads in which a message of an account waits that the provider has not heard of."""
        rows = await self.connection.fetch(
            """
            select distinct thread_id from message
            where account_id = $1 and status = 'queued' and intent_at is null order by thread_id
            """,
            account_id,
        )
        return [row["thread_id"] for row in rows]

    async def forget_people(self, thread_id: UUID) -> None:
        """Erase whom a thread's messages were from and to, also from what was told; what keeps them from coming twice stays."""
        await self.connection.execute(
            "update message set from_email = '', to_email = '' where thread_id = $1", thread_id
        )
        await forget_people(self.connection, [thread_id])

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        return await answers.begin(self.connection, self._recorder, request)

    async def record(self, *events: Recorded) -> None:
        """Record events; they are published once the transaction has committed."""
        await append(self.connection, *events)

    async def answer(self, cause: Cause, data: ThreadRequestAnswered) -> None:
        """Record the one answer of a request; a request that has one keeps it."""
        await answers.answer(self.connection, self._recorder, cause.request(data), data)
