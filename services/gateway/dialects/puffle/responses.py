"""What Puffle's responses look like, for the OpenAPI document; `render.py` makes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_CURSOR = "Give it as `cursor` to go on; null when nothing is left."


class Refusal(BaseModel):
    """Why something failed."""

    code: str
    message: str


class AccountDomain(BaseModel):
    """The account's domain."""

    id: UUID
    domain: str | None
    status: Literal["pending", "verifying", "verified", "failed", "deleting", "deleted"] | None


class Account(BaseModel):
    """An email sender account. While `status` is `provisioning` what is not made yet is null."""

    id: UUID
    user_id: UUID
    type: Literal["email"]
    domain_id: UUID
    email_address: str | None
    agentmail_inbox_id: str | None
    instantly_account_id: str | None
    status: Literal[
        "provisioning", "pending", "warming", "active", "paused", "error", "failed", "deleting", "deleted"
    ]
    warmup_status: Literal["not_started", "warming", "active", "paused", "disabled", "banned", "suspended"]
    display_name: str | None
    first_name: str | None
    last_name: str | None
    signature: str | None
    instantly_tag_id: str | None
    instantly_warmup_tag_id: str | None
    daily_limit: int
    created_at: datetime
    updated_at: datetime
    failure: Refusal | None = Field(description="Set when `status` is `failed`.")
    email_domains: AccountDomain


class AccountResponse(BaseModel):
    """One account."""

    account: Account


class AccountList(BaseModel):
    """Accounts, newest first."""

    accounts: list[Account]
    next_cursor: str | None = Field(description=_CURSOR)


class WideAccount(Account):
    """An account among those of every channel; what only other channels have is null."""

    provider_account_id: str | None
    profile_url: str | None
    is_premium: bool | None
    has_sales_navigator: bool | None
    weekly_connection_limit: int | None
    weekly_message_limit: int | None


class SenderList(BaseModel):
    """Senders, newest first."""

    accounts: list[WideAccount]
    next_cursor: str | None = Field(description=_CURSOR)


class SenderStats(BaseModel):
    """What a sender does today."""

    today_sent: int
    today_committed: int = Field(description="Planned for today and not sent yet.")


class Sender(WideAccount):
    """A sender with its figures."""

    stats: SenderStats


class SenderResponse(BaseModel):
    """One sender."""

    account: Sender
    campaigns: list[dict[str, Any]]
    mappings: list[dict[str, Any]]


class ScheduledDay(BaseModel):
    """What a sender may send on one day of UTC."""

    capacity: int = Field(description="Its daily limit; 0 while it may not send.")
    sent: int
    committed: int = Field(description="On its way.")
    remaining: int


class SenderSchedule(BaseModel):
    """What a sender may send from today on."""

    account_id: UUID
    daily_limit: int
    schedule: dict[date, ScheduledDay] = Field(description="By date, today first.")


class Gone(BaseModel):
    """What was to be deleted is gone."""

    success: Literal[True]


class DnsRecord(BaseModel):
    """A DNS record the domain needs."""

    type: Literal["TXT", "CNAME", "MX"]
    name: str
    value: str
    priority: int | None = None
    status: Literal["missing", "invalid", "valid"]
    purpose: Literal["mx", "spf", "dkim", "dmarc", "ownership", "other"]
    seen: list[str]


class Domain(BaseModel):
    """A domain."""

    id: UUID
    user_id: UUID
    domain: str
    agentmail_domain_id: str | None
    status: Literal["pending", "verifying", "verified", "failed", "deleting"]
    dns_records: list[DnsRecord]
    verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
    failure: Refusal | None


class DomainResponse(BaseModel):
    """One domain."""

    domain: Domain


class DomainList(BaseModel):
    """Domains, newest first."""

    domains: list[Domain]
    next_cursor: str | None = Field(description=_CURSOR)


class HistoryItem(BaseModel):
    """One event in the life of an account."""

    id: UUID
    time: datetime
    event: str = Field(examples=["account.reserved"])
    sentence: str
    source: str = Field(description="The service that recorded it.")
    version: int | None = Field(description="The aggregate's version; null for requests and answers.")
    cause: UUID | None = Field(description="The event that led to this one.")
    request: UUID | None = Field(description="The request it belongs to.")
    data: dict[str, Any]


class History(BaseModel):
    """An account's life, oldest first; no event stands before its cause."""

    history: list[HistoryItem]
    next_cursor: str | None = Field(description=_CURSOR)


class Error(BaseModel):
    """Every error: a sentence, a stable code, and the X-Request-Id of the call; some codes add fields."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str
    request_id: str
