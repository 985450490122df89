"""Domains: what clients ask of them, and the facts the provisioner states about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.accounts import Failure
from shared.contracts.envelope import DOMAINS, Event, Kind, Model
from shared.contracts.requests import Dialect, Request


class DomainStatus(StrEnum):
    """Where a claim to a domain is in its life."""

    PENDING = "pending"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


class DnsRecord(Model):
    """One record the domain needs, and whether it was seen as it should be."""

    type: Literal["TXT", "CNAME", "MX"]
    name: str
    value: str
    priority: int | None = None
    status: Literal["missing", "invalid", "valid"] = "missing"
    purpose: Literal["mx", "spf", "dkim", "dmarc", "ownership", "other"] = "other"
    seen: tuple[str, ...] = ()
    """What DNS answered at this name and type when it was last asked; `value` is what it should be."""


class DomainState(Model):
    """The whole public state of one tenant's claim to a domain; every domain fact carries it."""

    domain_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    dialect: Dialect
    domain: str
    status: DomainStatus
    created_at: datetime
    updated_at: datetime
    provider_domain_id: str | None = None
    dns_records: tuple[DnsRecord, ...] = ()
    is_dns_synced: bool = False
    """Whether the records were published in a zone the system manages."""
    verified_at: datetime | None = None
    next_check_at: datetime | None = None
    failure: Failure | None = None


# --- requests -------------------------------------------------------------------------------------------------


class DomainRequested(Request):
    """A client claimed a domain; the record's subject is the id the claim will have."""

    TYPE: ClassVar[str] = "mailwright.domain.requested.v1"
    TOPIC: ClassVar[str] = DOMAINS

    workspace_id: UUID
    domain: str


class DomainVerificationRequested(Request):
    """A client asked to check the domain's records now (S0-20)."""

    TYPE: ClassVar[str] = "mailwright.domain.verification_requested.v1"
    TOPIC: ClassVar[str] = DOMAINS


class DomainChangeRequested(Request):
    """A client overrode how a claim stands; the next check decides again."""

    TYPE: ClassVar[str] = "mailwright.domain.change_requested.v1"
    TOPIC: ClassVar[str] = DOMAINS

    status: Literal["pending", "verifying", "failed"]


class DomainDeletionRequested(Request):
    """A client asked to give a claim up; with `cascade` its accounts go first, without they refuse the request."""

    TYPE: ClassVar[str] = "mailwright.domain.deletion_requested.v1"
    TOPIC: ClassVar[str] = DOMAINS

    cascade: bool


# --- facts ----------------------------------------------------------------------------------------------------


class DomainFact(Event):
    """Something that happened to a claim; `domain` is its state right after."""

    TOPIC: ClassVar[str] = DOMAINS
    KIND: ClassVar[Kind] = Kind.FACT

    domain: DomainState


class DomainRegistered(DomainFact):
    """The claim exists, and the provider has said which records the domain needs."""

    TYPE: ClassVar[str] = "mailwright.domain.registered.v1"


class DnsSynced(DomainFact):
    """The records stand in a zone the system manages (S0-22)."""

    TYPE: ClassVar[str] = "mailwright.domain.dns_synced.v1"


class DomainVerifying(DomainFact):
    """A check of the records is under way."""

    TYPE: ClassVar[str] = "mailwright.domain.verifying.v1"


class DomainVerified(DomainFact):
    """The domain may carry accounts from now on."""

    TYPE: ClassVar[str] = "mailwright.domain.verified.v1"


class DomainFailed(DomainFact):
    """The domain did not verify; `failure` says why, and a new verification may be asked for."""

    TYPE: ClassVar[str] = "mailwright.domain.failed.v1"


class DomainChanged(DomainFact):
    """A client overrode how the claim stands."""

    TYPE: ClassVar[str] = "mailwright.domain.changed.v1"


class DomainDeleting(DomainFact):
    """The claim is going away; it carries no new accounts, and those it has are being deleted."""

    TYPE: ClassVar[str] = "mailwright.domain.deleting.v1"


class DomainDeleted(DomainFact):
    """The claim is gone; with the last one of its name the provider's object and our records are gone too."""

    TYPE: ClassVar[str] = "mailwright.domain.deleted.v1"


EVENTS: tuple[type[Event], ...] = (
    DomainRequested,
    DomainChangeRequested,
    DomainVerificationRequested,
    DomainDeletionRequested,
    DomainRegistered,
    DnsSynced,
    DomainVerifying,
    DomainVerified,
    DomainFailed,
    DomainChanged,
    DomainDeleting,
    DomainDeleted,
)
