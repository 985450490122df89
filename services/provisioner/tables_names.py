"""The tables of names, declared for cold paths; migrations make them, and a test compares the two."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.provisioner.tables import ProvisionerTable, instant


class Allocation(ProvisionerTable, table=True):
    """Which account a workspace got when it asked for a name; counts while that account is alive."""

    tenant_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(primary_key=True)
    username: str = Field(primary_key=True)
    domain: str = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")


class JoinedRequest(ProvisionerTable, table=True):
    """A request that is answered together with the one that began its account."""

    __tablename__ = "joined_request"

    request_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    event_id: UUID
    event_time: datetime = instant()
    subject: UUID
    tenant_id: UUID
    workspace_id: UUID | None
    traceparent: str | None


class Stray(ProvisionerTable, table=True):
    """What a call makes or may have made at the inbox provider, until it is sure whether it stays."""

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    kind: str
    inbox_id: str
    name: str
    kept_id: str | None
    doubtful_since: datetime = instant()
    look_ups: int
    due_at: datetime = instant()
    lease_token: UUID | None
    leased_until: datetime | None = instant(optional=True)
