"""Telling what happened to a warmup: the next version of its public state, as an event."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.warmup.domain.state import state_of
from services.warmup.domain.transitions import require_legal
from services.warmup.domain.warmup import Warmup
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupFact
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


def tell(
    recorder: Recorder,
    before: Warmup,
    after: Warmup,
    fact: type[WarmupFact],
    *,
    cause: Cause | None = None,
    request_id: UUID | None = None,
) -> tuple[Warmup, Recorded]:
    """Return `after` one version on, and the fact that says so; both bear the time of the fact (S1-22).

    Without a cause of its own the fact follows from the warmup's last event.

    Raises:
        IllegalTransition: The fact does not lead from the one state to the other.
    """
    require_legal(before.status, fact, after.status)
    told = replace(after, version=before.version + 1)
    event = recorder.event(
        fact(warmup=state_of(told)),
        subject=told.account_id,
        tenant_id=told.tenant_id,
        workspace_id=told.workspace_id,
        sequence=told.version,
        request_id=request_id,
        causation_id=cause.event_id if cause else before.last_event_id,
        traceparent=(cause.traceparent if cause else None) or before.traceparent,
        after=max(before.last_event_time, cause.time) if cause else before.last_event_time,
    )
    told = replace(told, updated_at=event.time, last_event_id=event.id, last_event_time=event.time)
    return told, replace(event, data=fact(warmup=state_of(told)))
