"""The events behind what the threads service says: what its facts and answers name as their cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.threads.domain.message import Message
from shared.contracts.envelope import Recorded


@dataclass(frozen=True, slots=True)
class Cause:
    """The event behind a fact or an answer: what they name as their cause, and must not precede."""

    event_id: UUID
    time: datetime
    tenant_id: UUID
    workspace_id: UUID | None
    traceparent: str | None

    @classmethod
    def of(cls, event: Recorded) -> Cause:
        """Return an event as a cause."""
        return cls(event.id, event.time, event.tenant_id, event.workspace_id, event.traceparent)

    @classmethod
    def of_request(cls, message: Message) -> Cause | None:
        """Return the request to send a message as a cause; None once it is answered, or if nobody asked."""
        if message.request_event_id is None or message.request_event_time is None:
            return None
        return cls(
            message.request_event_id,
            message.request_event_time,
            message.tenant_id,
            message.workspace_id,
            message.traceparent,
        )
