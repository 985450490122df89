"""Telling what happened to a thread or a message: the next version of their public state, as an event."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.threads.domain.message import Message
from services.threads.domain.state import message_state, thread_state
from services.threads.domain.thread import Thread
from services.threads.domain.transitions import require_legal
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageFact, ThreadFact
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


def tell(
    recorder: Recorder,
    before: Thread,
    after: Thread,
    fact: type[ThreadFact],
    *,
    cause: Cause | None = None,
    request_id: UUID | None = None,
) -> tuple[Thread, Recorded]:
    """Return `after` one version on, and the fact that says so; both bear the time of the fact.

    A thread at version 0 begins with it. Without a cause of its own the fact follows from the thread's last event, if it has
    one.

    Raises:
        IllegalTransition: The fact does not lead from the one state to the other.
    """
    told, event = _next(recorder, before, after, fact, cause, request_id)
    return told, replace(event, data=fact(thread=thread_state(told)))


def tell_message(
    recorder: Recorder,
    before: Thread,
    after: Thread,
    was: Message | None,
    message: Message,
    fact: type[MessageFact],
    *,
    cause: Cause | None = None,
    request_id: UUID | None = None,
) -> tuple[Thread, Message, Recorded]:
    """Do the same for a message, which begins with the fact if it was None, and the thread that it is in.

    Raises:
        IllegalTransition: The fact does not lead from the one state to the other, of the thread or of the message.
    """
    require_legal(was.status if was else None, fact, message.status)
    told, event = _next(recorder, before, after, fact, cause, request_id)
    message = replace(message, updated_at=event.time)
    data = fact(thread=thread_state(told), message=message_state(message))
    return told, message, replace(event, data=data)


def _next(
    recorder: Recorder,
    before: Thread,
    after: Thread,
    fact: type[ThreadFact],
    cause: Cause | None,
    request_id: UUID | None,
) -> tuple[Thread, Recorded]:
    require_legal(before.status if before.version else None, fact, after.status)
    told = replace(after, version=before.version + 1)
    # The caller puts its own data in once the time is known, because the public state bears it.
    event = recorder.event(
        ThreadFact(thread=thread_state(told)),
        subject=told.id,
        tenant_id=told.tenant_id,
        workspace_id=told.workspace_id,
        sequence=told.version,
        request_id=request_id,
        causation_id=cause.event_id if cause else before.last_event_id if before.version else None,
        traceparent=cause.traceparent if cause else None,
        after=max(before.last_event_time, cause.time) if cause else before.last_event_time,
    )
    return replace(told, updated_at=event.time, last_event_id=event.id, last_event_time=event.time), event
