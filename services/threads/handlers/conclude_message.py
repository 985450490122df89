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
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def conclude(
    store: Store,
    recorder: Recorder,
    thread: Thread,
    message: Message,
    outcome: Outcome,
    *,
    cause: Cause | None = None,
) -> Thread:
    """Record what became of a message and return its thread as it is then; both are locked, and the caller commits.

    The fact follows from `cause`, else from the request to send the message; that request is answered either way.

    Raises:
        IllegalTransition: The message cannot come to that from where it is.
    """
    request, request_id = request_for(message), message.request_id
    after, told, fact = _changed(recorder, thread, message, outcome)
    after, told, event = tell_message(
        recorder, thread, after, message, told, fact, cause=cause or request, request_id=request_id
    )
    await store.save_thread(thread, after)
    await store.save_message(message, told)
    if isinstance(outcome, Failed) and message.day is not None:
        await limits.give_back(store.connection, message.account_id, message.day)
    await store.record(event)
    if request is not None and request_id is not None:
        details = {"message_id": str(message.id)}
        answer = (
            answers.failed(request_id, after, outcome.failure, details)
            if isinstance(outcome, Failed)
            # One that may have left is no failure: its request must not be repeated.
            else answers.done(request_id, after, details)
        )
        await store.answer(replace(request, time=max(request.time, event.time)), answer)
    return after


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
