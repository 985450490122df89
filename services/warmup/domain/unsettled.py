"""What comes of a call whose outcome nobody saw, after the client who asked for it was answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from services.warmup.domain.attempts import JOB_SECONDS, Sender, SenderStatus
from services.warmup.domain.warmup import Warmup
from shared.contracts.warmups import WarmupStatus


class Late(StrEnum):
    """What a later look at a paused or disabled warmup means."""

    WAIT = "wait"
    SETTLED = "settled"
    """It stands still at the provider, and no call can change that any more."""
    RESUMED = "resumed"
    """The resume was made after all."""
    STOP = "stop"
    """It warms although it is over: an enable came after the stop, or the stop that was believed was not made."""
    BANNED = "banned"
    SUSPENDED = "suspended"


def decide_late(warmup: Warmup, sender: Sender | None, now: datetime) -> Late:
    """Decide what the provider's word means for a warmup that a client stopped; a call counts as long as a job may take.

    A pause is unconfirmed until the provider has shown it: then it is the pause that was not made. Without a resume that may
    have been made, it warms because of somebody else, or of a call that was lost long ago.
    """
    status = None if sender is None else sender.status
    if status is SenderStatus.WARMING:
        is_open = warmup.status is WarmupStatus.PAUSED and warmup.intent_at is not None
        is_resumed = is_open and warmup.is_confirmed
        return Late.RESUMED if is_resumed else Late.STOP
    if status is SenderStatus.BANNED and warmup.status is WarmupStatus.PAUSED:
        return Late.BANNED
    if status is SenderStatus.SUSPENDED and warmup.status is WarmupStatus.PAUSED:
        return Late.SUSPENDED
    is_over = warmup.intent_at is None or warmup.intent_at + timedelta(seconds=JOB_SECONDS) <= now
    return Late.SETTLED if is_over else Late.WAIT
