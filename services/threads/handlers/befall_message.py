"""A message that had left came back, was called spam, or was rejected after all: it says so, and so does its thread."""

from __future__ import annotations

from services.threads.domain.arriving import Mishap, own_ids
from services.threads.domain.message import Message, bounced, complained, failed
from services.threads.domain.thread import Thread, not_sent, undeliverable
from services.threads.domain.transitions import is_legal
from services.threads.handlers.facts import tell_message
from services.threads.handlers.receive_mail import Outcome
from services.threads.store_arrivals import ArrivalStore
from services.threads.suppressions import suppress
from shared.contracts.accounts import AccountState, Failure
from shared.contracts.envelope import Recorded
from shared.contracts.threads import (
    MessageBounced,
    MessageComplained,
    MessageFact,
    MessageFailed,
    MessageStatus,
)
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder

BOUNCED = Failure(code="bounced", message="The message came back: its recipient cannot be reached.")
PASSING = Failure(
    code="bounced", message="The message came back: its recipient could not be reached for now."
)
COMPLAINED = Failure(code="complained", message="The recipient of the message called it spam.")
REJECTED = Failure(code="message_rejected", message="The provider's mail server refused the message.")


async def befall_message(
    store: ArrivalStore, recorder: Recorder, account: AccountState, mishap: Mishap, cause: Recorded
) -> Outcome:
    """Mark a message and its thread, and let no more mail go to those who bounced for good or complained.

    A message is marked only if its own recipient is concerned, not for the sake of a copy. What befalls a message whose
    sending is not concluded here yet waits for that.
    """
    await store.queue_up(account.account_id)
    row = await store.sent(account.account_id, mishap.message_id, own_ids([mishap.message_id]))
    if row is None:
        return Outcome.NOBODYS
    thread, message = await store.thread(row["thread_id"]), await store.message(row["id"])
    if thread is None or message is None:
        return Outcome.NOBODYS
    if message.status is MessageStatus.QUEUED:
        return Outcome.NOT_YET
    marked = await _mark(store, recorder, thread, message, mishap, cause)
    if mishap.kind != "rejected" and not mishap.is_passing:
        for address in mishap.recipients or (message.to_email,):
            if address:
                await suppress(
                    store.connection,
                    recorder,
                    cause,
                    tenant_id=account.tenant_id,
                    workspace_id=account.workspace_id,
                    address=address,
                    reason=mishap.kind,
                    message_id=message.id,
                )
    return Outcome.MARKED if marked else Outcome.DUPLICATE


async def _mark(
    store: ArrivalStore, recorder: Recorder, thread: Thread, message: Message, mishap: Mishap, cause: Recorded
) -> bool:
    if mishap.recipients and message.to_email.lower() not in mishap.recipients:
        return False
    fact: type[MessageFact]
    match mishap.kind:
        case "bounced":
            fact, after = MessageBounced, bounced(message, PASSING if mishap.is_passing else BOUNCED)
            moved = undeliverable(thread)
        case "complained":
            fact, after, moved = MessageComplained, complained(message, COMPLAINED), undeliverable(thread)
        case "rejected":
            fact, after, moved = MessageFailed, failed(message, REJECTED), not_sent(thread)
    # An erased thread stays empty, and a message that failed or bounced already has its end.
    if not (is_legal(thread.status, fact, moved.status) and is_legal(message.status, fact, after.status)):
        return False
    told, after, event = tell_message(recorder, thread, moved, message, after, fact, cause=Cause.of(cause))
    await store.save_thread(thread, told)
    await store.save_message(message, after)
    await store.record(event)
    return True
