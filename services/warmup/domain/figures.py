"""What the provider tells of a sender: its totals, its last days, and how much of that is news."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.warmup.domain.attempts import Sender
from services.warmup.domain.warmup import Warmup
from shared.contracts.warmups import WarmupDay

SHOWN_DAYS = 30
"""Days that the public state carries at most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The provider's counters since a sender's warmup began, and day by day, the oldest day first."""

    sent: int = 0
    received: int = 0
    health_score: float | None = None
    health_label: str | None = None
    days: tuple[WarmupDay, ...] = ()


def observed(warmup: Warmup, sender: Sender | None, figures: Figures | None, now: datetime) -> Warmup:
    """Return the warmup with what the provider told at this moment.

    What it leaves out for once stays as it was, score by score and day by day; a total never shrinks.
    """
    if sender is not None:
        warmup = replace(
            warmup,
            provider_status=sender.number,
            reputation=warmup.reputation if sender.reputation is None else sender.reputation,
        )
    if figures is None:
        is_first = warmup.observed_at is None and sender is not None
        return replace(warmup, observed_at=now) if is_first else warmup
    if figures.health_score is not None:
        warmup = replace(warmup, health_score=figures.health_score, health_label=figures.health_label)
    days = {day.date: day for day in (*warmup.days, *figures.days)}
    return replace(
        warmup,
        total_sent=max(warmup.total_sent, figures.sent),
        total_received=max(warmup.total_received, figures.received),
        days=tuple(days[day] for day in sorted(days))[-SHOWN_DAYS:],
        observed_at=now,
    )
