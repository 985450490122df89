"""Judging one day of a warmup: whether the account may send, must go on warming, or was stopped by the provider."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.figures import Figures, observed
from services.warmup.domain.health import NO_MAIL, Mail, health_of, label_of
from services.warmup.domain.holds import Trouble, trouble_of
from services.warmup.domain.policies import HEALTHY_FROM, Goal, Measure, Policy
from services.warmup.domain.schedule import Today
from services.warmup.domain.warmup import Warmup, held
from shared.contracts.warmups import WarmupCriterion, WarmupDecision, WarmupStatus

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


@dataclass(frozen=True, slots=True)
class Observation:
    """What the provider told at one moment, None where it knows the sender no more or has no figures; and what else counts."""

    sender: Sender | None
    figures: Figures | None
    mail: Mail = NO_MAIL
    domain: Trouble | None = None
    """What is wrong with the domain; None while it is verified."""


class Judgement(StrEnum):
    """What a day comes to."""

    CONTINUE = "continue"
    GRADUATE = "graduate"
    FALL_BACK = "fall_back"
    HOLD = "hold"
    RELEASE = "release"
    BAN = "ban"
    SUSPEND = "suspend"


def decide_day(warmup: Warmup, seen: Observation, policy: Policy, today: Today) -> tuple[Warmup, Judgement]:
    """Judge a day by the provider's totals (S1-30, S1-31); return the warmup after it, and what is to become of it.

    A warming account is measured by the policy's goals, a graduated one by what it must keep, as far as that is known. One
    that is held only waits for the end of what holds it: such a day never qualifies.

    The warmup's `decision` says why, with everything that was looked at.
    """
    trouble = trouble_of(warmup, seen.sender, seen.domain)
    is_idle = warmup.hold is not None or trouble is not None
    after = _counted(warmup, seen, today, is_idle=is_idle)
    is_graduated = WarmupStatus.GRADUATED in {warmup.status, warmup.held_from}
    goals = policy.keeps if is_graduated else policy.goals
    criteria = tuple(_criterion(after, goal, seen) for goal in goals)
    judgement, sentence = (
        _stopped(seen)
        or _held(warmup, trouble)
        or _unknown(seen)
        or (_kept(criteria) if is_graduated else _reached(criteria))
    )
    decision = WarmupDecision(
        at=today.now,
        day=after.day,
        policy=policy.name,
        policy_version=policy.version,
        judgement=judgement.value,
        sentence=sentence,
        criteria=criteria,
        expected_at=None if is_graduated or is_idle else _expected(warmup, criteria, today),
    )
    if trouble is not None and warmup.hold is not None:
        after = held(after, trouble.hold, trouble.sentence)
    return replace(after, decision=decision), judgement


def _counted(warmup: Warmup, seen: Observation, today: Today, *, is_idle: bool) -> Warmup:
    after = observed(warmup, seen.sender, seen.figures, today.now)
    health = health_of(after.days, today.date)
    is_warming = seen.sender is not None and seen.sender.status is SenderStatus.WARMING
    is_qualified = is_warming and not is_idle and after.total_sent > warmup.total_sent
    is_healthy = health is not None and health >= HEALTHY_FROM
    return replace(
        after,
        day=warmup.day + 1,
        recent_health=health,
        recent_health_label=label_of(health),
        bounce_rate=seen.mail.bounce_rate,
        complaint_rate=seen.mail.complaint_rate,
        qualified_days=warmup.qualified_days + is_qualified,
        healthy_days=warmup.healthy_days + 1 if is_healthy else 0,
    )


def _criterion(warmup: Warmup, goal: Goal, seen: Observation) -> WarmupCriterion:
    if goal.measure is Measure.DNS_HEALTHY:
        value = 1.0 if seen.domain is None else 0.0
    else:
        value = getattr(warmup, goal.measure.value)
    return WarmupCriterion(
        name=goal.measure.value,
        value=value,
        at_least=goal.at_least,
        below=goal.below,
        is_met=goal.is_met_by(value),
    )


def _stopped(seen: Observation) -> tuple[Judgement, str] | None:
    """Say that the provider has shut the sender out; None if it has not."""
    match seen.sender.status if seen.sender else None:
        case SenderStatus.BANNED:
            return Judgement.BAN, "The warmup provider has banned the sender."
        case SenderStatus.SUSPENDED:
            return Judgement.SUSPEND, "The warmup provider has suspended the sender."
        case _:
            return None


def _held(warmup: Warmup, trouble: Trouble | None) -> tuple[Judgement, str] | None:
    """Say that it is held, or goes on; None if it was not held and is not."""
    if trouble is not None:
        return Judgement.HOLD, trouble.sentence
    return None if warmup.hold is None else (Judgement.RELEASE, "What held the warmup is over.")


def _unknown(seen: Observation) -> tuple[Judgement, str] | None:
    """Say that nothing can be judged because the provider does not show the sender as warming; None if it does."""
    if seen.sender is None:
        return Judgement.CONTINUE, "The warmup provider does not know the sender."
    if seen.sender.status is SenderStatus.PAUSED:
        return Judgement.CONTINUE, "The warmup provider does not warm the sender any more."
    return None


def _reached(criteria: Sequence[WarmupCriterion]) -> tuple[Judgement, str]:
    missing = [each for each in criteria if not each.is_met]
    if missing:
        return Judgement.CONTINUE, f"It does not meet every goal yet: {_listed(missing)}."
    return Judgement.GRADUATE, f"It meets every goal: {_listed(criteria)}."


def _kept(criteria: Sequence[WarmupCriterion]) -> tuple[Judgement, str]:
    lost = [each for each in criteria if not each.is_met and each.value is not None]
    if lost:
        return Judgement.FALL_BACK, f"It lost what it must keep: {_listed(lost)}."
    return Judgement.CONTINUE, "It keeps what it needs to go on sending."


def _listed(criteria: Sequence[WarmupCriterion]) -> str:
    return ", ".join(
        f"{NAMES[Measure(each.name)]} {'unknown' if each.value is None else f'{each.value:g}'}"
        f" ({f'at least {each.at_least:g}' if each.below is None else f'below {each.below:g}'})"
        for each in criteria
    )


def _expected(before: Warmup, criteria: tuple[WarmupCriterion, ...], today: Today) -> datetime | None:
    """Return when the last open goal is met if every measure goes on as it did since the day before; None if that is never."""
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
        step, missing = each.value - last, bound - each.value
        if step == 0 or missing * step < 0:
            return None
        days = max(days, math.ceil(missing / step))
    return today.now + timedelta(seconds=max(days, 1) * today.length)
