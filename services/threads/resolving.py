"""What an operator does about messages whose outcome nobody knows: sees them, and says what became of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.threads.domain.sending import Failed, Sent
from services.threads.handlers.conclude_message import conclude
from services.threads.store import Store
from shared.contracts.accounts import Failure
from shared.contracts.threads import MessageStatus, ThreadStatus
from shared.db.pool import Connection
from shared.errors import MailwrightError
from shared.messaging.recorder import Recorder

BY_OPERATOR = Failure(
    code="message_refused", message="The message was not sent; an operator has made sure of it."
)


class NotResolvable(MailwrightError):
    """There is nothing to decide about this message."""

    code = "not_resolvable"


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A message on its way, or one of unknown outcome, as an operator sees it: never what it says."""

    id: UUID
    status: str
    thread_id: UUID
    account_id: UUID
    from_email: str
    to_email: str
    created_at: datetime
    attempts: int
    failure_code: str | None


async def open_messages(connection: Connection, *, only_unknown: bool) -> Sequence[OpenMessage]:
    """Return the messages that are not settled, the oldest first."""
    wanted = [MessageStatus.UNKNOWN] if only_unknown else [MessageStatus.UNKNOWN, MessageStatus.QUEUED]
    rows = await connection.fetch(
        """
        select id, status, thread_id, account_id, from_email, to_email, created_at, attempts, failure_code
        from message where status = any($1::text[]) order by created_at, id
        """,
        wanted,
    )
    return [OpenMessage(**row) for row in rows]


async def resolve(connection: Connection, recorder: Recorder, message_id: UUID, *, was_sent: bool) -> None:
    """Record what an operator found out about a message, with the fact that tells it.

    Raises:
        NotResolvable: It is not a message of unknown outcome, or its thread was erased.
    """
    async with connection.transaction():
        store = Store(connection, recorder)
        thread_id = await connection.fetchval("select thread_id from message where id = $1", message_id)
        thread = None if thread_id is None else await store.thread(thread_id)
        message = await store.message(message_id)
        if thread is None or message is None:
            raise NotResolvable(f"There is no message {message_id}.")
        if message.status is not MessageStatus.UNKNOWN:
            raise NotResolvable(f"The message is {message.status}, not of unknown outcome.")
        if thread.status is ThreadStatus.ERASED:
            raise NotResolvable("The message's thread was erased.")
        outcome = Sent(None, None, message.created_at) if was_sent else Failed(BY_OPERATOR)
        await conclude(store, recorder, thread, message, outcome)
