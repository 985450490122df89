"""The tables of accounts and their sagas, declared for cold paths; migrations make them, and a test compares the two."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

SCHEMA = "provisioner"


class ProvisionerTable(SQLModel):
    """The common base: every table of the service lives in its schema."""

    metadata = MetaData(schema=SCHEMA)


def instant(*, optional: bool = False) -> Any:
    """Declare a timezone-aware instant."""
    return Field(sa_column=Column(DateTime(timezone=True), nullable=optional))


class Account(ProvisionerTable, table=True):
    """An account: its public state, its version, and its latest event."""

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    dialect: str
    plan: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    status: str
    address: str
    username: str
    domain_id: UUID
    domain: str
    display_name: str | None
    first_name: str | None
    last_name: str | None
    signature: str | None
    daily_limit: int
    suspended: bool
    inbox_id: str | None
    sender_id: str | None
    account_tag_id: str | None
    warmup_tag_id: str | None
    credential_ref: UUID | None
    credentials: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    aliases: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    primary_alias: str | None
    quota_bytes: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    send_scope: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    revoked_credentials: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    account_metadata: dict[str, Any] = Field(sa_column=Column("metadata", JSONB, nullable=False))
    failure_code: str | None
    failure_message: str | None
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_event_id: UUID
    last_event_time: datetime = instant()
    created_at: datetime = instant()
    updated_at: datetime = instant()


class Address(ProvisionerTable, table=True):
    """An address that is in use, or burned for good."""

    address: str = Field(primary_key=True)
    account_id: UUID
    state: str
    reason: str | None
    burned_at: datetime | None = instant(optional=True)


class Saga(ProvisionerTable, table=True):
    """The making or undoing of one account: whose lease it is under, and when it is due."""

    account_id: UUID = Field(primary_key=True)
    direction: str
    epoch: int
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    request_id: UUID
    naming: str
    asked_name: str | None
    traceparent: str | None
    attempts: int
    last_error_code: str | None
    started_at: datetime = instant()
    turned_at: datetime | None = instant(optional=True)
    due_at: datetime = instant()
    lease_token: UUID | None
    leased_until: datetime | None = instant(optional=True)
    finished_at: datetime | None = instant(optional=True)


class SagaStep(ProvisionerTable, table=True):
    """One effect of a saga: an intent without outcome may have happened."""

    __tablename__ = "saga_step"

    account_id: UUID = Field(primary_key=True)
    step: str = Field(primary_key=True)
    intent_at: datetime | None = instant(optional=True)
    outcome: str | None
    is_doubtful: bool
    reference: dict[str, Any] | None = Field(sa_column=Column(JSONB, nullable=True))
    undone_at: datetime | None = instant(optional=True)


class Sweep(ProvisionerTable, table=True):
    """An effect whose call was given up on and may still land late; looked for at growing intervals."""

    account_id: UUID = Field(primary_key=True)
    step: str = Field(primary_key=True)
    doubtful_since: datetime = instant()
    look_ups: int
    due_at: datetime = instant()
    lease_token: UUID | None
    leased_until: datetime | None = instant(optional=True)


class WaitingDeletion(ProvisionerTable, table=True):
    """A request that is answered once its account is gone."""

    __tablename__ = "waiting_deletion"

    request_id: UUID = Field(primary_key=True)
    account_id: UUID


class AccountCommand(ProvisionerTable, table=True):
    """A request whose one attempt is under way: those of one account are taken in order of their place, one at a time."""

    __tablename__ = "account_command"

    request_id: UUID = Field(primary_key=True)
    place: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    account_id: UUID
    type: str
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    event_id: UUID
    event_time: datetime = instant()
    tenant_id: UUID
    workspace_id: UUID | None
    traceparent: str | None
    asked_at: datetime = instant()
    due_at: datetime = instant()
    has_intent: bool
    lease_token: UUID | None
    leased_until: datetime | None = instant(optional=True)
