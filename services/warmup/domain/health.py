"""How much of a sender's recent warmup mail reached an inbox, and how its own mail fared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.contracts.warmups import WarmupDay

WINDOW_DAYS = 7
FEWEST_SAMPLES = 20
FEWEST_SENT = 20
LABELS = ((95.0, "excellent"), (90.0, "good"), (80.0, "fair"), (0.0, "poor"))
"""From which health on a word holds, the best first."""


def health_of(days: Sequence[WarmupDay], today: date) -> float | None:
    """Return the percentage of the last seven full days' mail that reached an inbox; None below 20 messages.

    It is rounded down, so that what is short of a bound never reaches it. The days are the provider's: where its dates are
    ahead of ours, its newest one is the day that is not over.
    """
    until = max((today, *(day.date for day in days)))
    first = until - timedelta(days=WINDOW_DAYS)
    recent = [day for day in days if first <= day.date < until and day.inbox is not None]
    sent = sum(day.sent for day in recent)
    if sent < FEWEST_SAMPLES:
        return None
    return (1_000 * sum(day.inbox or 0 for day in recent) // sent) / 10


def label_of(health: float | None) -> str | None:
    """Return the word for a health."""
    if health is None:
        return None
    return next(word for least, word in LABELS if health >= least)


@dataclass(frozen=True, slots=True)
class Mail:
    """How the mail fared that an account itself sent in the last seven full days."""

    sent: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def bounce_rate(self) -> float | None:
        """The percentage that came back; None below 20 messages."""
        return self._share_of(self.bounced)

    @property
    def complaint_rate(self) -> float | None:
        """The percentage that was called spam; None below 20 messages."""
        return self._share_of(self.complained)

    def _share_of(self, count: int) -> float | None:
        """Return a percentage, rounded down: that keeps it below a bound exactly if it is."""
        return None if self.sent < FEWEST_SENT else (10_000 * count // self.sent) / 100


NO_MAIL = Mail()
