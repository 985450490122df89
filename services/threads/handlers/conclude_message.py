"""What the outcome of a sending changes: the message, its thread, its account's day, and what its request is told."""

from __future__ import annotations

from dataclasses import replace

from services.threads import limits
from services.threads.causes import request_for
from services.threads.domain import message as messages
from services.threads.domain import thread as threads
from services.threads.domain.message import Message
from services.threads.domain.sending import Failed, Outcome, Sent
from services.threads.domain.thread import Thread
from services.threads.handlers import answers
from services.threads.handlers.facts import tell_message
from services.threads.store import Store
from shared.contracts.threads import MessageFact, MessageFailed, MessageSent, MessageUnknown
from shared.messaging.recorder import Recorder


async def conclude(
    store: Store, recorder: Recorder, thread: Thread, message: Message, outcome: Outcome
) -> None:
    """Record what became of a message; both are locked, and the caller's transaction commits it.

    Raises:
        IllegalTransition: The message cannot come to that from where it is.
    """
    after, told, fact = _changed(recorder, thread, message, outcome)
    cause = request_for(message)
    after, told, event = tell_message(
        recorder, thread, after, message, told, fact, cause=cause, request_id=message.request_id
    )
    await store.save_thread(thread, after)
    await store.save_message(message, told)
    if isinstance(outcome, Failed) and message.day is not None:
        await limits.give_back(store.connection, message.account_id, message.day)
    await store.record(event)
    if cause is not None and message.request_id is not None:
        details = {"message_id": str(message.id)}
        answer = (
            answers.failed(message.request_id, after, outcome.failure, details)
            if isinstance(outcome, Failed)
            # One that may have left is no failure: its request must not be repeated.
            else answers.done(message.request_id, after, details)
        )
        await store.answer(replace(cause, time=max(cause.time, event.time)), answer)


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
