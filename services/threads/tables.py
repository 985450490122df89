"""The tables the threads service owns, beside those of its event log and consumer; no other service reads them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SCHEMA = {"schema": "threads"}
INSTANT: Any = DateTime(timezone=True)


class ThreadRow(SQLModel, table=True):
    """A thread; the fields are those of `domain.thread.Thread`."""

    __tablename__ = "thread"
    __table_args__: ClassVar[Any] = SCHEMA

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    channel: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    account_id: UUID | None = None
    participant_email: str | None = Field(default=None, sa_type=Text)
    participant_name: str | None = Field(default=None, sa_type=Text)
    draft_ref: UUID | None = None
    sent: int
    received: int
    last_direction: str | None = Field(default=None, sa_type=Text)
    last_message_at: datetime | None = Field(default=None, sa_type=INSTANT)
    last_inbound_at: datetime | None = Field(default=None, sa_type=INSTANT)
    is_bounced: bool
    provider_thread_id: str | None = Field(default=None, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    last_event_id: UUID
    last_event_time: datetime = Field(sa_type=INSTANT)


class MessageRow(SQLModel, table=True):
    """A message, and who works on it; the fields are those of `domain.message.Message`."""

    __tablename__ = "message"
    __table_args__: ClassVar[Any] = SCHEMA

    id: UUID = Field(primary_key=True)
    thread_id: UUID = Field(foreign_key="threads.thread.id")
    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    direction: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    content_ref: UUID
    from_email: str = Field(sa_type=Text)
    to_email: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    sent_at: datetime | None = Field(default=None, sa_type=INSTANT)
    threading_mode: str | None = Field(default=None, sa_type=Text)
    provider_message_id: str | None = Field(default=None, sa_type=Text)
    in_reply_to: str | None = Field(default=None, sa_type=Text)
    failure_code: str | None = Field(default=None, sa_type=Text)
    failure_message: str | None = Field(default=None, sa_type=Text)
    request_id: UUID | None = None
    request_event_id: UUID | None = None
    request_event_time: datetime | None = Field(default=None, sa_type=INSTANT)
    traceparent: str | None = Field(default=None, sa_type=Text)
    day: date | None = None
    intent_at: datetime | None = Field(default=None, sa_type=INSTANT)
    called_at: datetime | None = Field(default=None, sa_type=INSTANT)
    unready_since: datetime | None = Field(default=None, sa_type=INSTANT)
    attempts: int
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_token: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=INSTANT)


class SenderRow(SQLModel, table=True):
    """What is known of an account and its warmup, as their owners last told."""

    __tablename__ = "sender"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID | None = None
    channel: str = Field(sa_type=Text)
    inbox_id: str | None = Field(default=None, sa_type=Text)
    account: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    account_version: int = Field(sa_type=BigInteger)
    warmup: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    warmup_version: int = Field(sa_type=BigInteger)


class SentDayRow(SQLModel, table=True):
    """How many messages of one UTC day count against an account's daily limit."""

    __tablename__ = "sent_day"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    messages: int


class SuppressionRow(SQLModel, table=True):
    """An address that gets no mail from a workspace, because mail to it bounced or was called spam, until that is lifted."""

    __tablename__ = "suppression"
    __table_args__: ClassVar[Any] = SCHEMA

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    workspace_id: UUID
    address: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    message_id: UUID | None = None
    suppressed_at: datetime = Field(sa_type=INSTANT)
    lifted_at: datetime | None = Field(default=None, sa_type=INSTANT)
    version: int = Field(sa_type=BigInteger)
    last_event_time: datetime = Field(sa_type=INSTANT)


class ArrivalRow(SQLModel, table=True):
    """Something the provider reported, until it is worked off; the row stays, so that it is worked off once."""

    __tablename__ = "arrival"
    __table_args__: ClassVar[Any] = SCHEMA

    provider: str = Field(sa_type=Text, primary_key=True)
    event_id: str = Field(sa_type=Text, primary_key=True)
    event_type: str = Field(sa_type=Text)
    inbox_id: str | None = Field(default=None, sa_type=Text)
    content_ref: UUID | None = None
    """What the provider reported; None if the poller found the mail `mail_id`, which is still to be read."""
    mail_id: str | None = Field(default=None, sa_type=Text)
    received_at: datetime = Field(sa_type=INSTANT)
    cause_id: UUID | None = None
    cause_time: datetime | None = Field(default=None, sa_type=INSTANT)
    attempts: int
    crashes: int
    """How often the work on it ended in an error that nobody had thought of."""
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_token: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=INSTANT)


class PollRow(SQLModel, table=True):
    """How far the mail of one inbox was looked through, and when it is looked through next."""

    __tablename__ = "poll"
    __table_args__: ClassVar[Any] = SCHEMA

    account_id: UUID = Field(primary_key=True)
    inbox_id: str = Field(sa_type=Text)
    seen_until: datetime = Field(sa_type=INSTANT)
    failures: int
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_token: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=INSTANT)


class WebhookRow(SQLModel, table=True):
    """Our registration at a provider for what it reports."""

    __tablename__ = "webhook"
    __table_args__: ClassVar[Any] = SCHEMA

    provider: str = Field(sa_type=Text, primary_key=True)
    url: str = Field(sa_type=Text)
    webhook_id: str | None = Field(default=None, sa_type=Text)
    secret_ref: UUID | None = None
    registered_at: datetime | None = Field(default=None, sa_type=INSTANT)
    heard_at: datetime | None = Field(default=None, sa_type=INSTANT)
    """When it last brought something."""
    missed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    """When the poller last found mail that it should have brought long before."""
    failures: int
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_token: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=INSTANT)
