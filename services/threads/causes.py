"""The requests behind what the threads service says."""

from __future__ import annotations

from services.threads.domain.message import Message
from shared.messaging.causes import Cause


def request_for(message: Message) -> Cause | None:
    """Return the request to send a message as a cause; None once it is answered, or if nobody asked."""
    if message.request_event_id is None or message.request_event_time is None:
        return None
    return Cause(
        message.request_event_id,
        message.request_event_time,
        message.tenant_id,
        message.workspace_id,
        message.traceparent,
    )
