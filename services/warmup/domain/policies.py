"""What a warmup must have reached before its account may send: policies as data, each version with its own figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """Something of a warmup that has a number."""

    REPUTATION = "reputation"
    """The provider's score, 0 to 100."""
    TOTAL_SENT = "total_sent"
    """Messages sent since warmup began."""
    QUALIFIED_DAYS = "qualified_days"
    """Judged days on which the sender warmed and its total grew."""
    HEALTHY_DAYS = "healthy_days"
    """Judged days in a row on which the health was at least `HEALTHY_FROM`."""
    RECENT_HEALTH = "recent_health"
    """The percentage of the last seven full days' warmup mail that reached an inbox."""
    BOUNCE_RATE = "bounce_rate"
    """The percentage of the account's own mail of the last seven full days that came back."""
    COMPLAINT_RATE = "complaint_rate"
    """The percentage of the same mail that was called spam."""
    DNS_HEALTHY = "dns_healthy"
    """1 while the domain is verified, else 0."""


HEALTHY_FROM = 90.0
"""The health, in percent, from which a day counts as healthy."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that a measure must have reached, or must stay below."""

    measure: Measure
    at_least: float | None = None
    below: float | None = None
    is_met_unknown: bool = False
    """Whether nothing known is no hindrance: an account that warms has sent no mail of its own."""

    def is_met_by(self, value: float | None) -> bool:
        """Say whether a value is good enough."""
        if value is None:
            return self.is_met_unknown
        is_high_enough = self.at_least is None or value >= self.at_least
        return is_high_enough and (self.below is None or value < self.below)


@dataclass(frozen=True, slots=True)
class Policy:
    """Goals that must all be met on one day, and what must then be kept; one that has been used only gets new versions.

    What must be kept is lower than the goal for it, so that an account does not come and go with every point.
    """

    name: str
    version: int
    goals: tuple[Goal, ...]
    keeps: tuple[Goal, ...] = ()


PUFFLE = Policy("puffle", 1, (Goal(Measure.REPUTATION, 90.0), Goal(Measure.TOTAL_SENT, 200.0)))
"""Exactly the documented rule: only the provider's own verdict takes a graduated account back."""
STANDARD = Policy(
    "standard",
    2,
    (
        *PUFFLE.goals,
        Goal(Measure.QUALIFIED_DAYS, 14.0),
        Goal(Measure.HEALTHY_DAYS, 3.0),
        Goal(Measure.BOUNCE_RATE, below=2.0, is_met_unknown=True),
        Goal(Measure.COMPLAINT_RATE, below=0.1, is_met_unknown=True),
        Goal(Measure.DNS_HEALTHY, 1.0),
    ),
    keeps=(
        Goal(Measure.REPUTATION, 80.0),
        Goal(Measure.RECENT_HEALTH, 80.0),
        Goal(Measure.BOUNCE_RATE, below=5.0, is_met_unknown=True),
        Goal(Measure.COMPLAINT_RATE, below=1.0, is_met_unknown=True),
    ),
)
"""More careful: the score must also stand on two weeks of warming, on mail that reaches inboxes and is wanted there, and on DNS."""

POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in (PUFFLE, STANDARD)}
"""The present version of each."""
