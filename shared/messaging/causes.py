"""The event behind a later one, as far as it is kept while work goes on: enough to name it, to follow it and to answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.answers import RequestAnswered
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

    def request(self, answer: RequestAnswered) -> Recorded:
        """Return the request that this was, as far as its answer needs it."""
        return Recorded(
            id=self.event_id,
            subject=answer.subject_id,
            time=self.time,
            tenant_id=self.tenant_id,
            workspace_id=self.workspace_id,
            traceparent=self.traceparent,
            data=answer,
        )
