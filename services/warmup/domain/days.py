"""Judging one day of a warmup: whether the account may send, must go on warming, or was stopped by the provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.decisions import (
    RELEASED,
    Judgement,
    criteria_of,
    decided,
    expected_of,
    is_complete,
    listed,
    why_shut_out,
)
from services.warmup.domain.figures import Figures, observed
from services.warmup.domain.health import NO_MAIL, Mail, health_of, label_of
from services.warmup.domain.holds import Trouble, trouble_of
from services.warmup.domain.policies import HEALTHY_FROM, Policy
from services.warmup.domain.schedule import Today
from services.warmup.domain.warmup import Warmup, held
from shared.contracts.warmups import WarmupCriterion


@dataclass(frozen=True, slots=True)
class Observation:
    """What the provider told at one moment, None where it knows the sender no more or has no figures; and what else counts."""

    sender: Sender | None
    figures: Figures | None
    mail: Mail = NO_MAIL
    domain: Trouble | None = None
    """What is wrong with the domain; None while it is verified."""
    judged_before: int | None = None
    """The number of the calendar day that was judged last; None if none was."""


def decide_day(warmup: Warmup, seen: Observation, policy: Policy, today: Today) -> tuple[Warmup, Judgement]:
    """Judge a day by the provider's totals (S1-30, S1-31); return the warmup after it, and what is to become of it.

    A warming account is measured by the policy's goals, a graduated one by what it must keep, as far as that is known. One
    that is held only waits for the end of what holds it: such a day never qualifies. The score is that of this very look: one
    that was told before and is not told now may have fallen.

    The warmup's `decision` says why, with everything that was looked at.
    """
    trouble = trouble_of(warmup, seen.sender, seen.domain)
    is_idle = warmup.hold is not None or trouble is not None
    after = _counted(warmup, seen, today, is_idle=is_idle)
    score_now = seen.sender.reputation if seen.sender else None
    criteria = criteria_of(replace(after, reputation=score_now), policy, is_dns_healthy=seen.domain is None)
    judgement, sentence = (
        _stopped(seen)
        or _held(warmup, trouble)
        or (_lost(criteria) if is_complete(warmup) else None)
        or _unknown(seen)
        or (_kept() if is_complete(warmup) else _reached(criteria))
    )
    expected_at = None
    if judgement is Judgement.CONTINUE and not is_complete(warmup):
        expected_at = expected_of(warmup, criteria, today, _days_since(seen, today))
    if trouble is not None and warmup.hold is not None:
        after = held(after, trouble.hold, trouble.sentence)
    return decided(
        after, policy, today.now, judgement, sentence, criteria, expected_at=expected_at
    ), judgement


def _counted(warmup: Warmup, seen: Observation, today: Today, *, is_idle: bool) -> Warmup:
    after = observed(warmup, seen.sender, seen.figures, today.now)
    health = health_of(after.days, today.date)
    is_warming = seen.sender is not None and seen.sender.status is SenderStatus.WARMING
    is_qualified = is_warming and not is_idle and after.total_sent > warmup.total_sent
    is_healthy = health is not None and health >= HEALTHY_FROM
    is_told = seen.figures is not None and bool(seen.figures.days)
    in_a_row = warmup.healthy_days if _days_since(seen, today) == 1 else 0
    return replace(
        after,
        day=warmup.day + 1,
        recent_health=health,
        recent_health_label=label_of(health),
        bounce_rate=seen.mail.bounce_rate,
        complaint_rate=seen.mail.complaint_rate,
        qualified_days=warmup.qualified_days + is_qualified,
        healthy_days=in_a_row + 1 if is_healthy and is_told else 0,
    )


def _days_since(seen: Observation, today: Today) -> int:
    """Return how many days the last judged one lies back; 1 for the first that is judged."""
    return 1 if seen.judged_before is None else max(today.number - seen.judged_before, 1)


def _stopped(seen: Observation) -> tuple[Judgement, str] | None:
    """Say that the provider has shut the sender out; None if it has not."""
    match seen.sender:
        case Sender(status=SenderStatus.BANNED, number=number):
            return Judgement.BAN, why_shut_out(number)
        case Sender(status=SenderStatus.SUSPENDED, number=number):
            return Judgement.SUSPEND, why_shut_out(number)
        case _:
            return None


def _held(warmup: Warmup, trouble: Trouble | None) -> tuple[Judgement, str] | None:
    """Say that it is held, or goes on; None if it was not held and is not."""
    if trouble is not None:
        return Judgement.HOLD, trouble.sentence
    return None if warmup.hold is None else (Judgement.RELEASE, RELEASED)


def _unknown(seen: Observation) -> tuple[Judgement, str] | None:
    """Say that nothing new is known because the provider does not show the sender as warming; None if it does."""
    if seen.sender is None:
        return Judgement.CONTINUE, "The warmup provider does not know the sender."
    if seen.sender.status is SenderStatus.PAUSED:
        return Judgement.CONTINUE, "The warmup provider does not warm the sender any more."
    return None


def _reached(criteria: Sequence[WarmupCriterion]) -> tuple[Judgement, str]:
    missing = [each for each in criteria if not each.is_met]
    if missing:
        return Judgement.CONTINUE, f"It does not meet every goal yet: {listed(missing)}."
    return Judgement.GRADUATE, f"It meets every goal: {listed(criteria)}."


def _lost(criteria: Sequence[WarmupCriterion]) -> tuple[Judgement, str] | None:
    """Say what a complete warmup is known to have lost; None if that is nothing."""
    lost = [each for each in criteria if not each.is_met and each.value is not None]
    return (Judgement.FALL_BACK, f"It lost what it must keep: {listed(lost)}.") if lost else None


def _kept() -> tuple[Judgement, str]:
    return Judgement.CONTINUE, "It keeps what it needs to go on sending."
