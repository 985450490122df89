"""What the outcome of a sending changes: the message, its thread, its account's day, and what its request is told."""

from __future__ import annotations

from uuid import UUID

from services.threads.causes import Cause
from services.threads.domain import message as messages
from services.threads.domain import thread as threads
from services.threads.domain.message import Message
from services.threads.domain.sending import SENDER_GONE, Failed, Outcome, Sent
from services.threads.domain.thread import Thread
from services.threads.handlers.facts import tell_message
from services.threads.store_sending import SendingStore
from shared.contracts.accounts import Failure
from shared.contracts.answers import Outcome as Answered
from shared.contracts.answers import ThreadRequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageFact, MessageFailed, MessageSent, MessageUnknown
from shared.messaging.recorder import Recorder


async def conclude(
    store: SendingStore, recorder: Recorder, thread: Thread, message: Message, outcome: Outcome
) -> None:
    """Record what became of a message; both are locked, and the caller's transaction commits it.

    Raises:
        IllegalTransition: The message cannot come to that from where it is.
    """
    after, told, fact = _changed(recorder, thread, message, outcome)
    cause = Cause.of_request(message)
    after, told, event = tell_message(
        recorder, thread, after, message, told, fact, cause=cause, request_id=message.request_id
    )
    await store.save_thread(thread, after)
    await store.save_message(message, told)
    if isinstance(outcome, Failed):
        await store.give_back(message)
    await store.record(event)
    if cause is not None and message.request_id is not None:
        failure = outcome.failure if isinstance(outcome, Failed) else None
        await store.answer(_not_before(cause, event), _answer(message.request_id, message.id, after, failure))


def _changed(
    recorder: Recorder, thread: Thread, message: Message, outcome: Outcome
) -> tuple[Thread, Message, type[MessageFact]]:
    now = recorder.clock.now()
    if isinstance(outcome, Sent):
        at = outcome.at or now
        left = messages.sent(message, at, outcome.message_id)
        return threads.sent(thread, at, outcome.thread_id), left, MessageSent
    if isinstance(outcome, Failed):
        return threads.not_sent(thread), messages.failed(message, outcome.failure), MessageFailed
    return threads.perhaps_sent(thread, now), messages.unknown(message, outcome.failure), MessageUnknown


def _answer(
    request_id: UUID, message_id: UUID, thread: Thread, failure: Failure | None
) -> ThreadRequestAnswered:
    """A message that may have left is no failure: its request must not be repeated."""
    if failure is None:
        result = Answered.DONE
    else:
        result = Answered.REFUSED if failure == SENDER_GONE else Answered.FAILED
    return ThreadRequestAnswered(
        request_id=request_id,
        outcome=result,
        subject_id=thread.id,
        code=failure.code if failure else None,
        message=failure.message if failure else None,
        needs={"thread": thread.version},
        details={"message_id": str(message_id)},
    )


def _not_before(cause: Cause, event: Recorded) -> Cause:
    return Cause(
        cause.event_id, max(cause.time, event.time), cause.tenant_id, cause.workspace_id, cause.traceparent
    )
