"""What a claim to a domain is, how it may change, and when its records are looked at next: pure decisions."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from shared.contracts.accounts import Failure
from shared.contracts.answers import DomainRequestAnswered, Outcome
from shared.contracts.domains import (
    DnsRecord,
    DnsSynced,
    DomainFact,
    DomainFailed,
    DomainRegistered,
    DomainState,
    DomainStatus,
    DomainVerified,
    DomainVerifying,
)

PLATFORM_TENANT = UUID(int=0)
"""Owns the domains that every tenant may use."""
LAST_DOUBLING = 5
"""The delay between checks doubles this often: 10, 20, 40, 80, 160, 320 minutes with the default first delay."""
PATIENCE = 72
"""How many first delays a domain may take to verify: 12 hours with the default."""

TAKEN = Failure(code="domain_taken", message="The domain is already in use by someone else.")
REFUSED = Failure(code="provider_refused", message="The inbox provider refused the domain.")
NOT_SEEN = Failure(
    code="dns_not_verified",
    message="The domain's records were not all in place in time; publish them and verify again.",
)


class ProviderStatus(StrEnum):
    """How far the inbox provider is with a domain."""

    UNVERIFIED = "unverified"
    """Not asked to check, or records are missing or wrong; asking again makes it look again."""
    VERIFYING = "verifying"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A domain as the inbox provider shows it."""

    id: str
    status: ProviderStatus
    records: tuple[DnsRecord, ...]


class Publication(StrEnum):
    """Who puts a claim's records into DNS."""

    UNDECIDED = "undecided"
    SYNCED = "synced"
    """They stand in a zone that the system manages."""
    MANUAL = "manual"
    """The tenant must publish some of them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One tenant's claim to a domain: its public state, its version, and what drives its next fact."""

    state: DomainState
    ownership: DnsRecord
    """The record that only a holder of the domain can publish for this tenant."""
    is_platform: bool = False
    version: int = 0
    publication: Publication = Publication.UNDECIDED
    verifying_since: datetime | None = None
    checks: int = 0
    request_id: UUID | None = None
    """The request that the present work serves; carried by the facts it leads to."""
    last_event_id: UUID | None = None
    last_event_at: datetime | None = None
    traceparent: str | None = None

    @property
    def id(self) -> UUID:
        """The claim's id."""
        return self.state.domain_id

    @property
    def status(self) -> DomainStatus:
        """Where the claim is in its life."""
        return self.state.status

    @property
    def wanted(self) -> tuple[DnsRecord, ...]:
        """The records the domain needs, as last seen."""
        return self.state.dns_records

    def caused_by(self, request_id: UUID, event_id: UUID, at: datetime, traceparent: str | None) -> Claim:
        """Return the claim with a request as the cause of its next fact."""
        after = at if self.last_event_at is None else max(at, self.last_event_at)
        return replace(
            self, request_id=request_id, last_event_id=event_id, last_event_at=after, traceparent=traceparent
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A claim as it is after something happened, and the fact that says so."""

    claim: Claim
    fact: type[DomainFact]


# --- names and values -----------------------------------------------------------------------------------------


def platform_domain_id(domain: str) -> UUID:
    """Return the id of the claim to a platform domain: the same in every installation."""
    return uuid5(PLATFORM_TENANT, f"mailwright:{domain}")


def ownership_record(key: bytes, tenant_id: UUID, domain: str) -> DnsRecord:
    """Return the TXT record by which a tenant shows that the domain is its own.

    Without it, records that somebody else published for the same provider would verify a stranger's claim.
    """
    said = f"mailwright domain ownership\0{tenant_id}\0{domain}".encode()
    value = hmac.digest(key, said, "sha256").hex()
    return DnsRecord(type="TXT", name=f"_mailwright.{domain}", value=f"mailwright-verification={value}")


# --- what is due ----------------------------------------------------------------------------------------------


def is_work_due(claim: Claim, now: datetime, *, is_asked: bool) -> bool:
    """Tell whether a claim needs anything of the provider or of DNS now; `is_asked`: a client wants a check."""
    if claim.is_platform or claim.status in {DomainStatus.VERIFIED, DomainStatus.DELETING}:
        return False
    if is_asked:
        return True
    if claim.status is DomainStatus.VERIFYING:
        return claim.state.next_check_at is None or claim.state.next_check_at <= now
    return claim.status is DomainStatus.PENDING and claim.publication is not Publication.MANUAL


def seconds_until_due(claims: Iterable[Claim], now: datetime) -> float | None:
    """Return after how many seconds the first of these claims has a check due; None if none waits for one."""
    waits = [
        (claim.state.next_check_at - now).total_seconds()
        for claim in claims
        if claim.status is DomainStatus.VERIFYING and claim.state.next_check_at is not None
    ]
    return max(min(waits), 0.0) if waits else None


def next_check_at(since: datetime, checks: int, now: datetime, first_seconds: float) -> datetime | None:
    """Return when to look again after `checks` looks; None when the patience since `since` is at its end."""
    end = since + timedelta(seconds=PATIENCE * first_seconds)
    if now >= end:
        return None
    return min(now + timedelta(seconds=first_seconds * 2 ** min(checks, LAST_DOUBLING)), end)


def should_ask_provider(
    status: ProviderStatus, asked_at: datetime | None, now: datetime, *, is_fresh: bool, pace_seconds: float
) -> bool:
    """Tell whether the provider is to be asked to check the domain, which it wants seldom (S0-21).

    A fresh verification always asks; after that, at most once in `pace_seconds`.
    """
    if status is not ProviderStatus.UNVERIFIED:
        return False
    return is_fresh or asked_at is None or asked_at + timedelta(seconds=pace_seconds) <= now


# --- how a claim changes --------------------------------------------------------------------------------------


def registered(claim: Claim, view: ProviderView, now: datetime) -> Change:
    """The provider knows the domain and has said which records it needs."""
    records = (*view.records, claim.ownership)
    return Change(_with(claim, now, provider_domain_id=view.id, dns_records=records), DomainRegistered)


def synced(claim: Claim, now: datetime) -> Change:
    """The records stand in a zone that the system manages (S0-22)."""
    records = tuple(
        record.model_copy(update={"status": "valid"}) if record.name == claim.ownership.name else record
        for record in claim.wanted
    )
    changed = _with(claim, now, is_dns_synced=True, dns_records=records)
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
    is_owner_seen: bool,
    is_scheduled: bool,
    first_seconds: float,
) -> Change | None:
    """Judge a check: verified only when the provider says so and the ownership record is seen; None: nothing new.

    Only scheduled checks count towards the end of the patience, at which the domain fails (S0-23).
    """
    records = _seen(claim, view, is_owner_seen=is_owner_seen)
    if view.status is ProviderStatus.VERIFIED and is_owner_seen:
        changed = _with(
            claim,
            now,
            status=DomainStatus.VERIFIED,
            dns_records=records,
            verified_at=now,
            next_check_at=None,
            failure=None,
        )
        return Change(changed, DomainVerified)
    if not is_scheduled:
        if records == claim.wanted:
            return None
        return Change(_with(claim, now, dns_records=records), DomainVerifying)
    checks = claim.checks + 1
    following = next_check_at(claim.verifying_since or now, checks, now, first_seconds)
    if following is None:
        return failed(
            replace(claim, state=claim.state.model_copy(update={"dns_records": records})), NOT_SEEN, now
        )
    changed = _with(claim, now, dns_records=records, next_check_at=following)
    return Change(replace(changed, checks=checks), DomainVerifying)


def failed(claim: Claim, why: Failure, now: datetime) -> Change:
    """The claim comes to nothing for now; a new verification may be asked for."""
    return Change(
        _with(claim, now, status=DomainStatus.FAILED, failure=why, next_check_at=None), DomainFailed
    )


def _seen(claim: Claim, view: ProviderView, *, is_owner_seen: bool) -> tuple[DnsRecord, ...]:
    own = next((record for record in claim.wanted if record.name == claim.ownership.name), claim.ownership)
    return (*view.records, own.model_copy(update={"status": "valid"}) if is_owner_seen else own)


def _with(claim: Claim, now: datetime, **changes: Any) -> Claim:
    return replace(claim, state=claim.state.model_copy(update={**changes, "updated_at": now}))


# --- answers --------------------------------------------------------------------------------------------------


def answer_of(claim: Claim, request_id: UUID, outcome: Outcome = Outcome.DONE) -> DomainRequestAnswered:
    """Return what a request about the claim is answered with, as the claim stands.

    A domain whose records did not verify is a proper answer; one that nobody may have, or that was refused, is not.
    """
    failure = claim.state.failure
    if failure is not None and claim.status is DomainStatus.FAILED and failure.code != NOT_SEEN.code:
        taken = failure.code == TAKEN.code
        return DomainRequestAnswered(
            request_id=request_id,
            outcome=Outcome.REFUSED if taken else Outcome.FAILED,
            subject_id=claim.id,
            code=failure.code,
            message=failure.message,
        )
    # A claim that is still being registered has no version yet: its reader waits for the first.
    return DomainRequestAnswered(
        request_id=request_id,
        outcome=outcome,
        subject_id=claim.id,
        needs={"domain": max(claim.version, 1)},
    )


def refusal_of(request_id: UUID, subject_id: UUID, why: Failure) -> DomainRequestAnswered:
    """Return the answer to a request that is refused at once."""
    return DomainRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=subject_id,
        code=why.code,
        message=why.message,
    )
