"""How much of a sender's recent warmup mail reached an inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from shared.contracts.warmups import WarmupDay

WINDOW_DAYS = 7
FEWEST_SAMPLES = 20
LABELS = ((95.0, "excellent"), (90.0, "good"), (80.0, "fair"), (0.0, "poor"))
"""From which health on a word holds, the best first."""


def health_of(days: Sequence[WarmupDay], today: date) -> float | None:
    """Return the percentage of the last seven full days' mail that reached an inbox; None below 20 messages."""
    first = today - timedelta(days=WINDOW_DAYS)
    recent = [day for day in days if first <= day.date < today and day.inbox is not None]
    sent = sum(day.sent for day in recent)
    if sent < FEWEST_SAMPLES:
        return None
    return round(100.0 * sum(day.inbox or 0 for day in recent) / sent, 1)


def label_of(health: float | None) -> str | None:
    """Return the word for a health."""
    if health is None:
        return None
    return next(word for least, word in LABELS if health >= least)
