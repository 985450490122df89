"""Judging one day of a warmup: whether the account may send, must go on warming, or was stopped by the provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.warmup.domain.attempts import SenderStatus


@dataclass(frozen=True, slots=True)
class Policy:
    """What a warmup must have reached to graduate."""

    reputation: float
    total_sent: int


PUFFLE = Policy(reputation=90.0, total_sent=200)


@dataclass(frozen=True, slots=True)
class Observation:
    """What the provider says of a sender at one moment: totals since its warmup began, never a range of dates.

    `status` is None when the provider does not know the sender any more.
    """

    status: SenderStatus | None
    reputation: float | None
    total_sent: int


class Judgement(StrEnum):
    """What a day comes to."""

    CONTINUE = "continue"
    GRADUATE = "graduate"
    BAN = "ban"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class DayDecision:
    """What a day comes to, and why in a sentence."""

    judgement: Judgement
    reason: str


def decide_day(observation: Observation, policy: Policy = PUFFLE) -> DayDecision:
    """Judge a warming account by the provider's totals (S1-30, S1-31)."""
    if observation.status is SenderStatus.BANNED:
        return DayDecision(Judgement.BAN, "The warmup provider has banned the sender.")
    if observation.status is SenderStatus.SUSPENDED:
        return DayDecision(Judgement.SUSPEND, "The warmup provider has suspended the sender.")
    if observation.status is None:
        return DayDecision(Judgement.CONTINUE, "The warmup provider does not know the sender.")
    if observation.status is SenderStatus.PAUSED:
        return DayDecision(Judgement.CONTINUE, "The warmup provider shows the warmup as paused.")
    if observation.reputation is None:
        return DayDecision(Judgement.CONTINUE, "The warmup provider has no reputation for the sender yet.")
    figures = f"reputation {observation.reputation:g} and {observation.total_sent} sent"
    goal = f"reputation {policy.reputation:g} and {policy.total_sent} sent"
    if observation.reputation >= policy.reputation and observation.total_sent >= policy.total_sent:
        return DayDecision(Judgement.GRADUATE, f"With {figures} it meets the goal of {goal}.")
    return DayDecision(Judgement.CONTINUE, f"With {figures} it has not met the goal of {goal}.")
