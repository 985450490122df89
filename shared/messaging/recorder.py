"""Turning data into events: ids, times and causes in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.clock import Clock, Ids, event_time
from shared.contracts.envelope import Event, Recorded
from shared.observability.tracing import current_traceparent


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes events with fresh ids, at times that never precede their cause."""

    clock: Clock
    ids: Ids

    def event(
        self,
        data: Event,
        *,
        subject: UUID,
        tenant_id: UUID,
        workspace_id: UUID | None,
        sequence: int | None = None,
        request_id: UUID | None = None,
        cause: Recorded | None = None,
        causation_id: UUID | None = None,
        traceparent: str | None = None,
        after: datetime | None = None,
    ) -> Recorded:
        """Return an event to append.

        `cause` is the event that led to this one, if it is at hand; where only its id was stored, `causation_id`
        names it. `after` is the time of the aggregate's previous event. The request id is the cause's unless given.
        """
        return Recorded(
            id=self.ids.new(),
            subject=subject,
            time=event_time(self.clock.now(), cause.time if cause else None, after),
            tenant_id=tenant_id,
            workspace_id=workspace_id,
            data=data,
            sequence=sequence,
            request_id=request_id or (cause.request_id if cause else None),
            causation_id=cause.id if cause else causation_id,
            traceparent=traceparent or (cause.traceparent if cause else None) or current_traceparent(),
        )
