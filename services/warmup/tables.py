"""The tables the warmup service owns, beside those of its event log and consumer; no other service reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SCHEMA = {"schema": "warmup"}
INSTANT: Any = DateTime(timezone=True)


class WarmupRow(SQLModel, table=True):
    """A warmup, what is due for it, and who works on it; the fields are those of `domain.warmup.Warmup`."""

    __tablename__ = "warmup"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    address: str = Field(sa_type=Text)
    account_version: int = Field(sa_type=BigInteger)
    status: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    last_event_id: UUID
    last_event_time: datetime = Field(sa_type=INSTANT)
    traceparent: str | None = Field(default=None, sa_type=Text)
    create_request_id: UUID | None = None
    attempts: int
    next_attempt_at: datetime | None = Field(default=None, sa_type=INSTANT)
    started_at: datetime | None = Field(default=None, sa_type=INSTANT)
    is_confirmed: bool
    day: int
    total_sent: int
    reputation: float | None = None
    failure_code: str | None = Field(default=None, sa_type=Text)
    failure_message: str | None = Field(default=None, sa_type=Text)
    job_id: str | None = Field(default=None, sa_type=Text)
    attempt_by: str | None = Field(default=None, sa_type=Text)
    attempt_started_at: datetime | None = Field(default=None, sa_type=INSTANT)
    intent_at: datetime | None = Field(default=None, sa_type=INSTANT)
    tries: int
    goes_alone: bool
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_token: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=INSTANT)
    total_received: int
    health_score: float | None = None
    health_label: str | None = Field(default=None, sa_type=Text)
    provider_status: int | None = None
    observed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    days: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    qualified_days: int
    healthy_days: int
    recent_health: float | None = None
    recent_health_label: str | None = Field(default=None, sa_type=Text)
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    reason: str | None = Field(default=None, sa_type=Text)
    accepted_at: datetime | None = Field(default=None, sa_type=INSTANT)
    domain_id: UUID | None = None
    hold: str | None = Field(default=None, sa_type=Text)
    held_from: str | None = Field(default=None, sa_type=Text)
    bounce_rate: float | None = None
    complaint_rate: float | None = None


class WaitingRetryRow(SQLModel, table=True):
    """A retry request that waits for the attempt under way; gone once it is answered."""

    __tablename__ = "waiting_retry"
    __table_args__: ClassVar[Any] = SCHEMA

    place: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    request_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="warmup.warmup.account_id")
    event_id: UUID
    event_time: datetime = Field(sa_type=INSTANT)
    tenant_id: UUID
    workspace_id: UUID | None = None
    traceparent: str | None = Field(default=None, sa_type=Text)


class CommandRow(SQLModel, table=True):
    """The one attempt at a command that an account may have under way; the warmup's lease covers it."""

    __tablename__ = "command"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True, foreign_key="warmup.warmup.account_id")
    command: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    due_at: datetime = Field(sa_type=INSTANT)
    started_at: datetime | None = Field(default=None, sa_type=INSTANT)
    intent_at: datetime | None = Field(default=None, sa_type=INSTANT)
    stage: str | None = Field(default=None, sa_type=Text)
    stage_at: datetime | None = Field(default=None, sa_type=INSTANT)
    job_id: str | None = Field(default=None, sa_type=Text)
    tries: int


class WaitingCommandRow(SQLModel, table=True):
    """A request that waits for the attempt at its command; gone once it is answered."""

    __tablename__ = "waiting_command"
    __table_args__: ClassVar[Any] = SCHEMA

    place: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    request_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="warmup.command.account_id")
    event_id: UUID
    event_time: datetime = Field(sa_type=INSTANT)
    tenant_id: UUID
    workspace_id: UUID | None = None
    traceparent: str | None = Field(default=None, sa_type=Text)


class WarmupDayRow(SQLModel, table=True):
    """The judgement of one account and calendar day: there is never a second one."""

    __tablename__ = "warmup_day"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True, foreign_key="warmup.warmup.account_id")
    day: int = Field(primary_key=True)
    provider_status: str | None = Field(default=None, sa_type=Text)
    reputation: float | None = None
    total_sent: int
    judgement: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    judged_at: datetime = Field(sa_type=INSTANT)
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))


class DomainRow(SQLModel, table=True):
    """What was last heard of a domain that was verified once: whether it still is, and if not, why."""

    __tablename__ = "domain"
    __table_args__: ClassVar[Any] = SCHEMA

    domain_id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    is_healthy: bool
    reason: str | None = Field(default=None, sa_type=Text)


class MailRow(SQLModel, table=True):
    """A message that an account sent itself, as long as it counts for the account's rates."""

    __tablename__ = "mail"
    __table_args__: ClassVar[Any] = SCHEMA

    message_id: UUID = Field(primary_key=True)
    account_id: UUID
    sent_at: datetime = Field(sa_type=INSTANT)
    is_bounced: bool
    is_complained: bool
