"""How a client's command changes a warmup, and what is kept of one whose outcome nobody saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.warmup.domain.warmup import Warmup, over
from shared.contracts.warmups import WarmupStatus


def stopped(
    warmup: Warmup,
    status: WarmupStatus,
    *,
    reason: str | None,
    is_confirmed: bool,
    intent_at: datetime | None,
    due_at: datetime,
) -> Warmup:
    """Paused or disabled by a client, for a reason of their own; what was counted so far stays.

    `intent_at` is of a call that may yet change what the provider shows, this one or an earlier enable: it is looked at.
    """
    return replace(
        over(warmup, status),
        reason=reason,
        is_confirmed=is_confirmed,
        intent_at=intent_at,
        due_at=due_at,
    )


def unsettled(warmup: Warmup, intent_at: datetime, due_at: datetime) -> Warmup:
    """Paused as before, although a resume with an unseen outcome may yet be made: it is looked at from `due_at` on."""
    return replace(warmup, intent_at=intent_at, tries=0, due_at=due_at)


def settled(warmup: Warmup, next_day: datetime) -> Warmup:
    """Stopped, here and at the provider, as it was seen; a paused one is watched from `next_day` on, a disabled one is not."""
    due_at = next_day if warmup.status is WarmupStatus.PAUSED else None
    return replace(warmup, is_confirmed=True, intent_at=None, tries=0, due_at=due_at)


def revived(warmup: Warmup, now: datetime) -> Warmup:
    """Paused by a client, and seen warming although nobody resumed it here: to be stopped again at once."""
    return replace(warmup, is_confirmed=False, intent_at=now, tries=0, due_at=now)


def resumed(
    warmup: Warmup, now: datetime, *, is_confirmed: bool, job_id: str | None, due_at: datetime
) -> Warmup:
    """Warming again after a pause, or after what a client could end of a hold: its days go on from where they stopped.

    The date that was expected before it stopped is not expected any more.
    """
    return replace(
        warmup,
        status=WarmupStatus.WARMING,
        decision=warmup.decision and warmup.decision.model_copy(update={"expected_at": None}),
        hold=None,
        held_from=None,
        accepted_at=now,
        is_confirmed=is_confirmed,
        job_id=job_id,
        reason=None,
        intent_at=None,
        tries=0,
        due_at=due_at,
    )
