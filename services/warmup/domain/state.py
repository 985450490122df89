"""What others may see of a warmup."""

from __future__ import annotations

from services.warmup.domain.warmup import Warmup
from shared.contracts.accounts import Failure
from shared.contracts.warmups import WarmupState


def state_of(warmup: Warmup) -> WarmupState:
    """Return the public state."""
    failure = None
    if warmup.failure_code is not None:
        failure = Failure(code=warmup.failure_code, message=warmup.failure_message or "")
    return WarmupState(
        account_id=warmup.account_id,
        tenant_id=warmup.tenant_id,
        workspace_id=warmup.workspace_id,
        address=warmup.address,
        status=warmup.status,
        created_at=warmup.created_at,
        updated_at=warmup.updated_at,
        attempts=warmup.attempts,
        next_attempt_at=warmup.next_attempt_at,
        started_at=warmup.started_at,
        is_confirmed=warmup.is_confirmed,
        day=warmup.day,
        total_sent=warmup.total_sent,
        total_received=warmup.total_received,
        reputation=warmup.reputation,
        health_score=warmup.health_score,
        health_label=warmup.health_label,
        provider_status=warmup.provider_status,
        observed_at=warmup.observed_at,
        days=warmup.days,
        reason=warmup.reason,
        hold=warmup.hold,
        failure=failure,
        qualified_days=warmup.qualified_days,
        healthy_days=warmup.healthy_days,
        recent_health=warmup.recent_health,
        recent_health_label=warmup.recent_health_label,
        bounce_rate=warmup.bounce_rate,
        complaint_rate=warmup.complaint_rate,
        decision=warmup.decision,
        next_evaluation_at=warmup.due_at if warmup.is_judged else None,
    )
