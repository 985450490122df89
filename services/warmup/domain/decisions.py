"""What a decision about a warmup says: the judgement, a plain sentence, and every goal of the policy with what was looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.warmup.domain.policies import Goal, Measure, Policy
from services.warmup.domain.schedule import Today
from services.warmup.domain.warmup import Warmup, over
from shared.contracts.warmups import (
    WarmupBanned,
    WarmupCriterion,
    WarmupDecision,
    WarmupFact,
    WarmupStatus,
    WarmupSuspended,
)

NAMES: Mapping[Measure, str] = {
    Measure.REPUTATION: "reputation",
    Measure.TOTAL_SENT: "messages sent",
    Measure.QUALIFIED_DAYS: "qualified days",
    Measure.HEALTHY_DAYS: "healthy days in a row",
    Measure.RECENT_HEALTH: "health",
    Measure.BOUNCE_RATE: "bounce rate",
    Measure.COMPLAINT_RATE: "complaint rate",
    Measure.DNS_HEALTHY: "healthy DNS",
}
BANNED = "The warmup provider has banned the sender."
NOWHERE = "The warmup provider finds the sender's mail nowhere, and has stopped it."
SUSPENDED = "The warmup provider has suspended the sender."
RELEASED = "What held the warmup is over."
FARTHEST_DAYS = 3_650
"""A date beyond these days is none to expect."""


class Judgement(StrEnum):
    """What a decision comes to."""

    CONTINUE = "continue"
    GRADUATE = "graduate"
    FALL_BACK = "fall_back"
    HOLD = "hold"
    RELEASE = "release"
    BAN = "ban"
    SUSPEND = "suspend"


def is_complete(warmup: Warmup) -> bool:
    """Say whether a warmup has graduated, held since or not."""
    return WarmupStatus.GRADUATED in {warmup.status, warmup.held_from}


def criteria_of(
    warmup: Warmup, policy: Policy, *, is_dns_healthy: bool | None
) -> tuple[WarmupCriterion, ...]:
    """Return how far a warmup is: the goals while it is not complete, what it must keep after that; None is not known."""
    goals = policy.keeps if is_complete(warmup) else policy.goals
    return tuple(_criterion(warmup, goal, is_dns_healthy) for goal in goals)


def decided(
    warmup: Warmup,
    policy: Policy,
    at: datetime,
    judgement: Judgement,
    sentence: str,
    criteria: tuple[WarmupCriterion, ...],
    *,
    expected_at: datetime | None = None,
) -> Warmup:
    """Return the warmup with a decision that says why it is as it is."""
    return replace(
        warmup,
        decision=WarmupDecision(
            at=at,
            day=warmup.day,
            policy=policy.name,
            policy_version=policy.version,
            judgement=judgement.value,
            sentence=sentence,
            criteria=criteria,
            expected_at=expected_at,
        ),
    )


def shut_out(
    warmup: Warmup, status: WarmupStatus, policy: Policy, at: datetime
) -> tuple[Warmup, type[WarmupFact]]:
    """Return a warmup that the provider is seen to have banned or suspended between two days, and the fact that says so."""
    judgement, fact = _SHUT_OUT[status]
    criteria, sentence = (
        criteria_of(warmup, policy, is_dns_healthy=None),
        why_shut_out(warmup.provider_status),
    )
    return decided(over(warmup, status), policy, at, judgement, sentence, criteria), fact


_SHUT_OUT: Mapping[WarmupStatus, tuple[Judgement, type[WarmupFact]]] = {
    WarmupStatus.BANNED: (Judgement.BAN, WarmupBanned),
    WarmupStatus.SUSPENDED: (Judgement.SUSPEND, WarmupSuspended),
}


def why_shut_out(number: int | None) -> str:
    """Say what the provider means by its number for a sender that it has stopped."""
    return {-2: NOWHERE, -3: SUSPENDED}.get(number or -1, BANNED)


def listed(criteria: Sequence[WarmupCriterion]) -> str:
    """Return goals in words."""
    return ", ".join(
        f"{NAMES[Measure(each.name)]} {'unknown' if each.value is None else f'{each.value:.10g}'}"
        f" ({f'at least {each.at_least:g}' if each.below is None else f'below {each.below:g}'})"
        for each in criteria
    )


def expected_of(
    before: Warmup, criteria: tuple[WarmupCriterion, ...], today: Today, days_since: int
) -> datetime | None:
    """Return when the last open goal is met if every measure goes on as in the days since the last decision.

    None if never, or if that is so far off that nobody could expect it.
    """
    if all(each.is_met for each in criteria):
        return None
    earlier = {each.name: each.value for each in before.decision.criteria} if before.decision else {}
    days = 0
    for each in criteria:
        if each.is_met:
            continue
        bound, last = each.at_least if each.below is None else each.below, earlier.get(each.name)
        if bound is None or each.value is None or last is None:
            return None
        step, missing = (each.value - last) / days_since, bound - each.value
        if step == 0 or missing / step > FARTHEST_DAYS or missing * step < 0:
            return None
        days = max(days, math.ceil(missing / step))
    return today.now + timedelta(seconds=max(days, 1) * today.length)


def _criterion(warmup: Warmup, goal: Goal, is_dns_healthy: bool | None) -> WarmupCriterion:
    if goal.measure is Measure.DNS_HEALTHY:
        value = None if is_dns_healthy is None else float(is_dns_healthy)
    else:
        value = getattr(warmup, goal.measure.value)
    return WarmupCriterion(
        name=goal.measure.value,
        value=value,
        at_least=goal.at_least,
        below=goal.below,
        is_met=goal.is_met_by(value),
    )
