"""The gateway's projection tables; migrations create them, cold paths read them through these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.gateway.tables import GatewayTable, instant


def _text(*, required: bool = True) -> Any:
    return Field(default=... if required else None, sa_type=Text)


def _version() -> Any:
    return Field(default=0, sa_type=BigInteger)


def _json(*, required: bool = True) -> Any:
    if required:
        return Field(sa_column=Column(JSONB, nullable=False))
    return Field(default=None, sa_column=Column(JSONB))


class EventRow(GatewayTable, table=True):
    """An event the gateway received, its own included: the history of its subject, and what a rebuild folds."""

    __tablename__ = "event"

    event_id: UUID = Field(primary_key=True)
    subject: UUID
    source: str = _text()
    topic: str = _text()
    type: str = _text()
    sequence: int | None = Field(default=None, sa_type=BigInteger)
    event_time: datetime = instant()
    tenant_id: UUID
    workspace_id: UUID | None = None
    request_id: UUID | None = None
    causation_id: UUID | None = None
    data: dict[str, Any] = _json()
    received_at: datetime = instant()


class AccountTable(GatewayTable, table=True):
    """An account and its warmup, each at its version; without `created_at` it is only a warmup, or only a place to lock."""

    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    dialect: str | None = _text(required=False)
    address: str | None = _text(required=False)
    domain_id: UUID | None = None
    status: str | None = _text(required=False)
    """The public status, from both states."""
    warmup_status: str | None = _text(required=False)
    is_deleted: bool = False
    """A tombstone: hidden, and kept so that an old event cannot resurrect the account."""
    created_at: datetime | None = instant(required=False)
    updated_at: datetime | None = instant(required=False)
    account: dict[str, Any] | None = _json(required=False)
    account_version: int = _version()
    warmup: dict[str, Any] | None = _json(required=False)
    warmup_version: int = _version()


class DomainTable(GatewayTable, table=True):
    """A claim to a domain at its version; without `created_at` it is only a place to lock."""

    __tablename__ = "domain"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    dialect: str | None = _text(required=False)
    name: str | None = _text(required=False)
    status: str | None = _text(required=False)
    created_at: datetime | None = instant(required=False)
    updated_at: datetime | None = instant(required=False)
    state: dict[str, Any] | None = _json(required=False)
    version: int = _version()
    is_deleted: bool = False
    """A tombstone, as for accounts."""


class ThreadTable(GatewayTable, table=True):
    """A thread at its version, with what lists look for; nothing that was written in it."""

    __tablename__ = "thread"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    channel: str | None = _text(required=False)
    status: str | None = _text(required=False)
    inbox_state: str | None = _text(required=False)
    account_id: UUID | None = None
    participant_email: str | None = _text(required=False)
    participant_name: str | None = _text(required=False)
    received: int = 0
    is_bounced: bool = False
    is_deleted: bool = False
    """A tombstone, as for accounts."""
    active_at: datetime | None = instant(required=False)
    created_at: datetime | None = instant(required=False)
    updated_at: datetime | None = instant(required=False)
    state: dict[str, Any] | None = _json(required=False)
    version: int = _version()


class MessageTable(GatewayTable, table=True):
    """A message as of the version of its thread when it last changed; an erased thread has none."""

    __tablename__ = "message"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    thread_id: UUID | None = None
    account_id: UUID | None = None
    direction: str | None = _text(required=False)
    status: str | None = _text(required=False)
    placed_at: datetime | None = instant(required=False)
    state: dict[str, Any] | None = _json(required=False)
    version: int = _version()


class SuppressionTable(GatewayTable, table=True):
    """An address that a workspace sends no mail to, at its version."""

    __tablename__ = "suppression"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    address: str | None = _text(required=False)
    is_deleted: bool = False
    """It was lifted."""
    suppressed_at: datetime | None = instant(required=False)
    state: dict[str, Any] | None = _json(required=False)
    version: int = _version()


class PendingAnswer(GatewayTable, table=True):
    """An answer whose needs the row of its subject has not reached yet."""

    __tablename__ = "pending_answer"

    request_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(index=True)
    tenant_id: UUID
    type: str = _text()
    data: dict[str, Any] = _json()
    received_at: datetime = instant()
