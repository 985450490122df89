"""Looking again at domains that were verified: what a look shows, and after how many bad ones a claim falls back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.provisioner.domain.dns_judging import Answers, question_of
from services.provisioner.domain.domain_changes import (
    LOST,
    TROUBLE_SECONDS,
    Change,
    failed,
    key_of,
    seen_records,
    verified,
)
from services.provisioner.domain.domains import Claim, ProviderStatus, ProviderView
from shared.contracts.accounts import Failure
from shared.contracts.domains import DnsRecord, DomainStatus

MOST_BAD_LOOKS = 2
"""How many bad looks in a row take a verified domain back."""

UNVERIFIED = Failure(code=LOST, message="The inbox provider does not show the domain as verified any more.")


class Look(StrEnum):
    """What one look at a domain shows."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"
    """DNS or the provider gave no answer, or the provider is still checking: it is no look at all."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A look, the records as it showed them, and in what it was bad."""

    look: Look
    records: tuple[DnsRecord, ...] = ()
    lost: tuple[DnsRecord, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A claim whose look changes nothing that anybody is told."""

    claim: Claim


def sight_of(claim: Claim, view: ProviderView, answers: Answers) -> Sight:
    """Judge a look at a claim that was verified: what stood when it was verified must still stand.

    Records that were not valid then are the provider's business, as they were then.
    """
    records = seen_records(claim, view, answers)
    stood = {key_of(record) for record in claim.wanted if record.status == "valid"} | set(claim.lost)
    needed = [
        record
        for record in records
        if key_of(record) in stood or question_of(record) == question_of(claim.ownership)
    ]
    if any(answers.get(question_of(record)) is None for record in needed):
        return Sight(Look.NONE)
    lost = tuple(record for record in needed if record.status != "valid")
    if lost:
        return Sight(Look.BAD, records, lost, _failure(lost))
    if view.status is ProviderStatus.UNVERIFIED:
        return Sight(Look.BAD, records, (), UNVERIFIED)
    return Sight(Look.NONE if view.status is ProviderStatus.VERIFYING else Look.GOOD, records)


def looked_again(claim: Claim, sight: Sight, now: datetime, every_seconds: float) -> Change | Remembered:
    """Decide what a look comes to: one bad look is only remembered, the second in a row takes the claim back.

    A claim that was taken back is looked at on and on, and verified again by the first good look.
    """
    match sight.look:
        case Look.NONE:
            soon = now + timedelta(seconds=min(every_seconds, TROUBLE_SECONDS))
            return Remembered(replace(claim, recheck_at=soon))
        case Look.GOOD if claim.status is DomainStatus.FAILED:
            return verified(claim, sight.records, now, every_seconds)
        case Look.GOOD:
            return Remembered(_next(replace(claim, bad_looks=0), now, every_seconds))
    after = _next(replace(claim, bad_looks=claim.bad_looks + 1), now, every_seconds)
    if claim.status is DomainStatus.FAILED or after.bad_looks < MOST_BAD_LOOKS:
        return Remembered(after)
    state = after.state.model_copy(update={"dns_records": sight.records or after.wanted})
    lost = tuple(key_of(record) for record in sight.lost)
    return failed(replace(after, state=state, lost=lost), sight.failure or UNVERIFIED, now)


def _next(claim: Claim, now: datetime, every_seconds: float) -> Claim:
    return replace(claim, recheck_at=now + timedelta(seconds=every_seconds))


def _failure(lost: Sequence[DnsRecord]) -> Failure:
    return Failure(code=LOST, message=f"The domain lost records that it needs: {_listed(lost)}.")


def _listed(lost: Iterable[DnsRecord]) -> str:
    return "; ".join(
        f"{record.type} {record.name} is {'missing' if record.status == 'missing' else 'not what it should be'}"
        for record in lost
    )
