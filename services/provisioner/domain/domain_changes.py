"""How a claim to a domain may change, and what is said of it then: pure functions from claim to claim and fact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.provisioner.domain.dns_judging import Answers, judged, question_of
from services.provisioner.domain.domains import (
    Claim,
    ProviderStatus,
    ProviderView,
    Publication,
    next_check_at,
)
from services.provisioner.domain.ownership import standing_record
from shared.contracts.accounts import Failure
from shared.contracts.answers import DomainRequestAnswered, Outcome
from shared.contracts.domains import (
    DnsRecord,
    DnsSynced,
    DomainChanged,
    DomainDeleted,
    DomainDeleting,
    DomainFact,
    DomainFailed,
    DomainRegistered,
    DomainStatus,
    DomainVerified,
    DomainVerifying,
)

TAKEN = Failure(code="domain_taken", message="The domain is already in use by someone else.")
REFUSED = Failure(code="provider_refused", message="The inbox provider refused the domain.")
NOT_FOUND = Failure(code="domain_not_found", message="There is no such domain.")
IN_USE = Failure(code="domain_in_use", message="The domain still has accounts; delete them first.")
TROUBLE_SECONDS = 30.0
"""How soon a domain is looked at again, at the latest, when DNS or the provider gave no answer."""
NOT_SEEN = Failure(
    code="dns_not_verified",
    message="The domain's records were not all in place in time; publish them and verify again.",
)

LOST = "dns_lost"
"""The failure of a domain that was verified and is not any more."""
_ABOUT_DNS = frozenset({NOT_SEEN.code, LOST})


@dataclass(frozen=True, slots=True)
class Change:
    """A claim as it is after something happened, and the fact that says so."""

    claim: Claim
    fact: type[DomainFact]


def registered(claim: Claim, view: ProviderView, now: datetime) -> Change:
    """The provider knows the domain and has said which records it needs."""
    records = _with_purposes((*view.records, claim.ownership))
    changed = _with(
        claim,
        now,
        status=DomainStatus.PENDING,
        provider_domain_id=view.id,
        dns_records=records,
        failure=None,
    )
    return Change(changed, DomainRegistered)


def synced(claim: Claim, now: datetime) -> Change:
    """The records stand in a zone that the system manages (S0-22)."""
    changed = _with(claim, now, is_dns_synced=True)
    return Change(replace(changed, publication=Publication.SYNCED), DnsSynced)


def verifying(claim: Claim, now: datetime, first_seconds: float) -> Change:
    """A verification begins: its checks are counted from here."""
    changed = _with(
        claim,
        now,
        status=DomainStatus.VERIFYING,
        failure=None,
        next_check_at=next_check_at(now, 0, now, first_seconds),
    )
    return Change(replace(changed, verifying_since=now, checks=0), DomainVerifying)


def looked_at(
    claim: Claim,
    view: ProviderView,
    now: datetime,
    *,
    answers: Answers,
    is_scheduled: bool,
    first_seconds: float,
    recheck_seconds: float,
) -> Change | None:
    """Judge a check: verified only when the provider says so and DNS shows the ownership record; None: nothing new.

    Only scheduled checks count towards the end of the patience, at which the domain fails (S0-23). While DNS is in
    trouble about the ownership record, nothing counts: the claim neither verifies nor fails, and is looked at soon.
    What a claim lost after it was verified must be back as well: the provider may still show what it once saw.
    """
    records = seen_records(claim, view, answers)
    owner = answers.get(question_of(claim.ownership))
    is_owner_seen = owner is not None and records[-1].status == "valid"
    is_whole = all(record.status == "valid" for record in records if key_of(record) in claim.lost)
    if view.status is ProviderStatus.VERIFIED and is_owner_seen and is_whole:
        return verified(claim, records, now, recheck_seconds)
    if not is_scheduled:
        if records == claim.wanted:
            return None
        return Change(_with(claim, now, dns_records=records), DomainVerifying)
    if owner is None:
        soon = now + timedelta(seconds=min(first_seconds, TROUBLE_SECONDS))
        return Change(_with(claim, now, dns_records=records, next_check_at=soon), DomainVerifying)
    checks = claim.checks + 1
    following = next_check_at(claim.verifying_since or now, checks, now, first_seconds)
    if following is None:
        return failed(
            replace(claim, state=claim.state.model_copy(update={"dns_records": records})), NOT_SEEN, now
        )
    changed = _with(claim, now, dns_records=records, next_check_at=following)
    return Change(replace(changed, checks=checks), DomainVerifying)


def verified(claim: Claim, records: tuple[DnsRecord, ...], now: datetime, recheck_seconds: float) -> Change:
    """The domain may carry accounts; from now on it is looked at again every `recheck_seconds`."""
    changed = _with(
        claim,
        now,
        status=DomainStatus.VERIFIED,
        dns_records=records,
        verified_at=now,
        next_check_at=None,
        failure=None,
    )
    again = now + timedelta(seconds=recheck_seconds)
    return Change(replace(changed, recheck_at=again, bad_looks=0, lost=()), DomainVerified)


def failed(claim: Claim, why: Failure, now: datetime) -> Change:
    """The claim comes to nothing for now; a new verification may be asked for."""
    return Change(
        _with(claim, now, status=DomainStatus.FAILED, failure=why, next_check_at=None), DomainFailed
    )


def overridden(claim: Claim, status: DomainStatus, now: datetime, first_seconds: float) -> Change:
    """A client says how the claim stands, until it is checked again; the provider and DNS are not asked.

    Its accounts and its tenant's hold on the name stay as they are; it only carries no new accounts meanwhile.
    """
    following = next_check_at(now, 0, now, first_seconds) if status is DomainStatus.VERIFYING else None
    changed = _with(claim, now, status=status, failure=None, next_check_at=following)
    looks: dict[str, Any] = {"recheck_at": None, "bad_looks": 0, "lost": ()}
    return Change(replace(changed, verifying_since=now, checks=0, is_overridden=True, **looks), DomainChanged)


def deleting(claim: Claim, now: datetime) -> Change:
    """The claim is given up; its accounts go first, and then what nobody else needs of the name."""
    return Change(
        _with(claim, now, status=DomainStatus.DELETING, failure=None, next_check_at=None), DomainDeleting
    )


def deleted(claim: Claim, now: datetime) -> Change:
    """The claim is gone."""
    return Change(_with(claim, now, status=DomainStatus.DELETED), DomainDeleted)


def key_of(record: DnsRecord) -> str:
    """Return what a record is remembered by."""
    return f"{record.type} {record.name} {record.value}"


def seen_records(claim: Claim, view: ProviderView, answers: Answers) -> tuple[DnsRecord, ...]:
    """Return the needed records, the ownership record last, as DNS shows them now, or as it did before."""
    before = {key_of(record): record for record in claim.wanted}
    wanted = [
        before.get(key_of(record), record).model_copy(update={"priority": record.priority})
        for record in (*view.records, standing_record(claim, answers))
    ]
    return judged(wanted, answers)


def _with_purposes(records: Iterable[DnsRecord]) -> tuple[DnsRecord, ...]:
    return judged(records, {})


def _with(claim: Claim, now: datetime, **changes: Any) -> Claim:
    state = claim.state.model_copy(update={**changes, "updated_at": now})
    return replace(claim, state=state, is_overridden=False)


def answer_of(claim: Claim, request_id: UUID) -> DomainRequestAnswered:
    """Return what a request that was worked on is answered with, as the claim stands.

    A domain whose records did not verify, or are gone, is a proper answer; one that is another's, or that was refused, is not.
    """
    failure = claim.state.failure
    if failure is not None and claim.status is DomainStatus.FAILED and failure.code not in _ABOUT_DNS:
        taken = failure.code == TAKEN.code
        return DomainRequestAnswered(
            request_id=request_id,
            outcome=Outcome.REFUSED if taken else Outcome.FAILED,
            subject_id=claim.id,
            code=failure.code,
            message=failure.message,
        )
    return _shown(claim, request_id, Outcome.DONE)


def match_of(claim: Claim, request_id: UUID) -> DomainRequestAnswered:
    """Return the answer to a request for a claim that exists already, however it stands."""
    return _shown(claim, request_id, Outcome.MATCHED)


def refusal_of(request_id: UUID, subject_id: UUID, why: Failure) -> DomainRequestAnswered:
    """Return the answer to a request that is refused at once."""
    return DomainRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=subject_id,
        code=why.code,
        message=why.message,
    )


def _shown(claim: Claim, request_id: UUID, outcome: Outcome) -> DomainRequestAnswered:
    # A claim that is still being registered has no version yet: its reader waits for the first.
    needs = {"domain": max(claim.version, 1)}
    return DomainRequestAnswered(request_id=request_id, outcome=outcome, subject_id=claim.id, needs=needs)
