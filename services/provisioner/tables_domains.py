"""The tables of domains, declared for cold paths; migrations make them, and a test compares the two."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.provisioner.tables import ProvisionerTable, instant


class ProviderDomain(ProvisionerTable, table=True):
    """A name at the inbox provider, shared by all claims to it, and whose lease the work on it is under."""

    __tablename__ = "provider_domain"

    domain: str = Field(primary_key=True)
    provider_domain_id: str | None
    owner_tenant_id: UUID | None
    registration_intent_at: datetime | None = instant(optional=True)
    asked_at: datetime | None = instant(optional=True)
    attempts: int
    last_error_code: str | None
    due_at: datetime | None = instant(optional=True)
    lease_token: UUID | None
    leased_until: datetime | None = instant(optional=True)
    removal_intent_at: datetime | None = instant(optional=True)
    doubtful_since: datetime | None = instant(optional=True)
    look_ups: int


class DomainClaim(ProvisionerTable, table=True):
    """One workspace's claim to a name: its public state, its version, and what its next fact follows from."""

    __tablename__ = "domain_claim"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    dialect: str
    domain: str = Field(foreign_key="provider_domain.domain")
    status: str
    is_platform: bool
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    ownership_value: str
    publication: str
    publication_intent_at: datetime | None = instant(optional=True)
    provider_domain_id: str | None
    dns_records: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    is_dns_synced: bool
    verified_at: datetime | None = instant(optional=True)
    verifying_since: datetime | None = instant(optional=True)
    checks: int
    next_check_at: datetime | None = instant(optional=True)
    failure_code: str | None
    failure_message: str | None
    request_id: UUID | None
    last_event_id: UUID | None
    last_event_time: datetime | None = instant(optional=True)
    traceparent: str | None
    is_overridden: bool
    created_at: datetime = instant()
    updated_at: datetime = instant()
    recheck_at: datetime | None = instant(optional=True)
    bad_looks: int
    lost: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class DomainRequest(ProvisionerTable, table=True):
    """A request about a claim that has no answer yet."""

    __tablename__ = "domain_request"

    request_id: UUID = Field(primary_key=True)
    event_id: UUID
    event_time: datetime = instant()
    claim_id: UUID = Field(foreign_key="domain_claim.id")
    is_check: bool
    traceparent: str | None
    change_to: str | None
    is_deletion: bool
    is_cascade: bool


class DomainMatch(ProvisionerTable, table=True):
    """The id of a request for a claim that its workspace had already: it stands for that claim from then on."""

    __tablename__ = "domain_match"

    id: UUID = Field(primary_key=True)
    claim_id: UUID = Field(foreign_key="domain_claim.id")
