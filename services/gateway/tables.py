"""The gateway's tables of callers, requests and read markers; migrations create them, cold paths read them through these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

metadata = MetaData(schema="gateway")


class GatewayTable(SQLModel):
    """The common base: every table of the service lives in its schema."""

    metadata: ClassVar[MetaData] = metadata


def instant(*, required: bool = True) -> Any:
    """Declare a timezone-aware instant."""
    return Field(default=... if required else None, sa_type=DateTime(timezone=True))


class Tenant(GatewayTable, table=True):
    """A customer; `owner_id` is the user its accounts and domains belong to."""

    __tablename__ = "tenant"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text, unique=True)
    owner_id: UUID
    created_at: datetime = instant()


class Workspace(GatewayTable, table=True):
    """A part of a tenant that a key may be bound to; name and slug are its own among those that are not deleted."""

    __tablename__ = "workspace"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    name: str = Field(sa_type=Text)
    created_at: datetime = instant()
    slug: str = Field(sa_type=Text)
    is_default: bool = False
    """Where things go that name no workspace; every tenant has one, which stays."""
    deleted_at: datetime | None = instant(required=False)


class ApiKey(GatewayTable, table=True):
    """A key's public half and the hash of its secret half.

    `workspace_id` is None for a key of the whole tenant, `tenant_id` for a super admin's. `account_id` is the one
    account a key is for, `credential_id` the inbox credential it came with.
    """

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, sa_type=Text)
    prefix: str = Field(sa_type=Text)
    dialect: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    workspace_id: UUID | None = Field(default=None, foreign_key="workspace.id")
    user_id: UUID
    secret_hash: bytes = Field(sa_type=LargeBinary)
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime = instant()
    expires_at: datetime | None = instant(required=False)
    revoked_at: datetime | None = instant(required=False)
    last_used_at: datetime | None = instant(required=False)
    account_id: UUID | None = None
    credential_id: UUID | None = None
    suffix: str = Field(default="", sa_type=Text)
    """The end of the key's text, to recognise it by."""
    created_by: str | None = Field(default=None, sa_type=Text)
    """The id of the key that made it; None for an operator."""


class RateWindow(GatewayTable, table=True):
    """How many calls a key has made since its window began; not logged, and lost in a crash of the database."""

    __tablename__ = "rate_window"

    key_id: str = Field(primary_key=True, sa_type=Text)
    started_at: datetime = instant()
    calls: int


class MailboxFilter(GatewayTable, table=True):
    """Whose mail a mailbox takes; without a row it takes everybody's."""

    __tablename__ = "mailbox_filter"

    account_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    mode: str = Field(sa_type=Text)
    rules: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = Field(sa_type=BigInteger)
    updated_at: datetime = instant()


class RequestRow(GatewayTable, table=True):
    """What a client asked and, once `state` is answered, the response it gets; bytes and key are erased at expiry."""

    __tablename__ = "request"
    __table_args__ = (UniqueConstraint("tenant_id", "scope_id", "route", "idempotency_key"),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    dialect: str = Field(sa_type=Text)
    tenant_id: UUID
    workspace_id: UUID
    scope_id: UUID
    """What an Idempotency-Key is unique in: the key's workspace, or its tenant when it is bound to none."""
    key_id: str = Field(sa_type=Text)
    user_id: UUID
    subject_id: UUID = Field(index=True)
    route: str = Field(sa_type=Text)
    call_id: str = Field(sa_type=Text)
    idempotency_key: str | None = Field(default=None, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(default="open", sa_type=Text)
    code: str | None = Field(default=None, sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    answer_subject_id: UUID | None = None
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB))
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    body_key_version: int | None = None
    body_wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    shown: list[UUID] | None = Field(default=None, sa_column=Column(ARRAY(Uuid)))
    """The threads that an answer about a thread shows besides the request's own, so that it can be erased with them."""
    accepted_at: datetime = instant()
    answered_at: datetime | None = instant(required=False)
    expires_at: datetime = instant()


class ReportedEvent(GatewayTable, table=True):
    """What a provider has reported by webhook, so that a repetition is not told twice."""

    __tablename__ = "reported_event"

    provider: str = Field(primary_key=True, sa_type=Text)
    event_id: str = Field(primary_key=True, sa_type=Text)
    delivery_id: str = Field(sa_type=Text)
    reported_at: datetime = instant()


class ReadMarker(GatewayTable, table=True):
    """How an account stood when an API key was last told of it; `version` is the sum of the account's two versions."""

    __tablename__ = "read_marker"

    key_id: str = Field(primary_key=True, sa_type=Text)
    account_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    status: str = Field(sa_type=Text)
    warmup_status: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)


class ThreadRead(GatewayTable, table=True):
    """How many messages of a thread had arrived when a workspace last read it."""

    __tablename__ = "thread_read"

    thread_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    received: int
