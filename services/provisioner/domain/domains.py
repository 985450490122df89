"""What a claim to a domain is, and what it needs next: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from shared.contracts.domains import DnsRecord, DomainState, DomainStatus
from shared.contracts.requests import Caller, Dialect

PLATFORM_TENANT = UUID(int=0)
"""Owns the domains that every tenant may use."""
LAST_DOUBLING = 5
"""The delay between checks doubles this often: 10, 20, 40, 80, 160, 320 minutes with the default first delay."""
PATIENCE = 72
"""How many first delays a domain may take to verify: 12 hours with the default."""


GIVEN_UP = frozenset({DomainStatus.DELETING, DomainStatus.DELETED})
"""How claims stand that their workspace does not want any more."""
RECHECKED = frozenset({DomainStatus.VERIFIED, DomainStatus.FAILED})
"""How claims stand that are looked at again although nobody asks, once they were verified."""


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
    proofs: frozenset[str] = frozenset()
    """What else that record may say: what was shown for the tenant's other claims to the name, or another key makes."""
    is_platform: bool = False
    version: int = 0
    publication: Publication = Publication.UNDECIDED
    verifying_since: datetime | None = None
    checks: int = 0
    is_overridden: bool = False
    """Whether a client said how it stands, and nothing was checked since."""
    recheck_at: datetime | None = None
    """When it is looked at again although nobody asks; set once it was verified."""
    bad_looks: int = 0
    """Such looks in a row that found it wanting."""
    lost: tuple[str, ...] = ()
    """The records for whose loss it fell back; they must be there again before it is verified."""
    request_id: UUID | None = None
    """The request that the present work serves; carried by the facts it leads to."""
    last_event_id: UUID | None = None
    last_event_time: datetime | None = None
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
        after = at if self.last_event_time is None else max(at, self.last_event_time)
        return replace(
            self,
            request_id=request_id,
            last_event_id=event_id,
            last_event_time=after,
            traceparent=traceparent,
        )


# --- names and values -----------------------------------------------------------------------------------------


def platform_domain_id(domain: str) -> UUID:
    """Return the id of the claim to a platform domain: the same in every installation."""
    return uuid5(PLATFORM_TENANT, f"mailwright:{domain}")


def platform_claim(domain: str, now: datetime) -> Claim:
    """Return the claim to a domain that every tenant may use; its operator answers for its records."""
    state = DomainState(
        domain_id=platform_domain_id(domain),
        tenant_id=PLATFORM_TENANT,
        workspace_id=PLATFORM_TENANT,
        user_id=PLATFORM_TENANT,
        dialect=Dialect.MYAGENTMAIL,
        domain=domain,
        status=DomainStatus.VERIFIED,
        verified_at=now,
        created_at=now,
        updated_at=now,
    )
    ownership = DnsRecord(type="TXT", name=ownership_name(domain), value="")
    return Claim(state=state, ownership=ownership, is_platform=True, publication=Publication.MANUAL)


def ownership_name(domain: str) -> str:
    """Return where a domain's ownership records stand."""
    return f"_mailwright.{domain}"


def may_see(claim: Claim, caller: Caller) -> bool:
    """Tell whether the claim exists for this caller: its tenant's, its workspace's, its dialect's, and not deleted."""
    state = claim.state
    return (
        not claim.is_platform
        and claim.status is not DomainStatus.DELETED
        and (state.tenant_id, state.dialect) == (caller.tenant_id, caller.dialect)
        and caller.workspace_id in {None, state.workspace_id}
    )


# --- what is due ----------------------------------------------------------------------------------------------


def is_work_due(claim: Claim, now: datetime, *, is_asked: bool) -> bool:
    """Tell whether a claim needs anything of the provider or of DNS now; `is_asked`: a client wants a check."""
    if is_recheck_due(claim, now):
        return True
    if claim.is_platform or claim.status in {DomainStatus.VERIFIED, *GIVEN_UP}:
        return False
    if is_asked:
        return True
    if claim.status is DomainStatus.VERIFYING:
        return claim.state.next_check_at is None or claim.state.next_check_at <= now
    is_waiting = claim.is_overridden or claim.publication is Publication.MANUAL
    return claim.status is DomainStatus.PENDING and not is_waiting


def is_recheck_due(claim: Claim, now: datetime) -> bool:
    """Tell whether a claim that was verified, and may have fallen back since, is to be looked at again now."""
    return (
        not claim.is_platform
        and not claim.is_overridden
        and claim.status in RECHECKED
        and claim.recheck_at is not None
        and claim.recheck_at <= now
    )


def seconds_until_due(claims: Iterable[Claim], now: datetime) -> float | None:
    """Return after how many seconds the first of these claims has a check due; None if none waits for one."""
    waits = [(at - now).total_seconds() for claim in claims if (at := _due_at(claim)) is not None]
    return max(min(waits), 0.0) if waits else None


def _due_at(claim: Claim) -> datetime | None:
    if claim.status is DomainStatus.VERIFYING:
        return claim.state.next_check_at
    is_watched = claim.status in RECHECKED and not claim.is_platform and not claim.is_overridden
    return claim.recheck_at if is_watched else None


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
