"""How old the figures of a warmup are, and when they count as stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FRESH_DAYS = 2.0
"""A warmup is looked at once a day; a second look that is missing means that something is away."""


@dataclass(frozen=True, slots=True)
class Age:
    """How long ago something was told; `seconds` is None if it never was."""

    seconds: int | None
    is_stale: bool


def age_of(observed_at: datetime | None, now: datetime, day_seconds: float) -> Age:
    """Return the age of figures told at an instant; a clock that is ahead of ours makes none younger than 0 s."""
    if observed_at is None:
        return Age(None, False)
    seconds = max((now - observed_at).total_seconds(), 0.0)
    return Age(int(seconds), seconds > FRESH_DAYS * day_seconds)
