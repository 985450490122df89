"""What Sendmux's responses look like, for the OpenAPI document; `render.py` makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Data = TypeVar("Data")


class Meta(BaseModel):
    """What is said of the call."""

    request_id: str = Field(examples=["req_0199aaaa000070008000000000000009"])


class Envelope(BaseModel, Generic[Data]):
    """Every success."""

    ok: Literal[True]
    data: Data
    meta: Meta


class Pagination(BaseModel):
    """Whether there is more; `next_cursor` only then."""

    has_more: bool
    next_cursor: str | None = Field(default=None, description="Give it as `cursor` to go on.")


class Listed(BaseModel, Generic[Data]):
    """A part of a list, newest first."""

    ok: Literal[True]
    data: list[Data]
    pagination: Pagination
    meta: Meta


class SendScope(BaseModel):
    """Which of the team's mail providers a mailbox sends through."""

    type: Literal["all", "providers", "group"]
    provider_public_ids: list[str] | None = Field(default=None, description="Only with `providers`.")
    group_public_ids: list[str] | None = Field(default=None, description="Only with `group`.")


class MailboxFailure(BaseModel):
    """Why a mailbox could not be made."""

    code: str
    message: str


class Mailbox(BaseModel):
    """A mailbox.

    `provisioning` and `failed` are seen only by who went on after a 202: until everything is made, and after all of it
    was undone; `failure` then says why.
    """

    id: str = Field(examples=["mbx_0199aaaa000070008000000000000001"])
    email: str = Field(examples=["agent@acme.com"])
    display_name: str | None
    quota_bytes: int | None
    send_scope: SendScope
    status: Literal["active", "suspended", "deleted", "provisioning", "failed"]
    created_at: datetime
    failure: MailboxFailure | None = Field(default=None, description="Only when `status` is `failed`.")


class ApiKey(BaseModel):
    """A key of one mailbox; `key` is in no other response than that of the call that made it, and its replays."""

    public_id: str = Field(examples=["smx_0199aaaa000070008000000000000002"])
    key: str
    key_prefix: str
    key_suffix: str


class MailLogin(BaseModel):
    """How a mail program reaches the mailbox; the password goes with the key of the same response."""

    server: str
    imap_port: int
    smtp_port: int
    username: str
    password: str
    smtp_server: str = Field(description="Where to submit mail, if that is another host than `server`.")


class CreatedMailbox(BaseModel):
    """A new mailbox with its first credentials; both are null, and `warning` set, when it has none."""

    mailbox: Mailbox
    api_key: ApiKey | None
    imap_smtp_credentials: MailLogin | None
    warning: str | None


class MailboxCredentials(BaseModel):
    """New credentials of a mailbox."""

    api_key: ApiKey
    imap_smtp_credentials: MailLogin


class NoCredentials(BaseModel):
    """Credentials that are still being made."""

    api_key: None
    imap_smtp_credentials: None
    warning: str


class MailboxKey(BaseModel):
    """A key in force, without its secrets."""

    public_id: str
    app_name: str
    created_at: datetime


class Removed(BaseModel):
    """What is gone; `deleted` is false in a 202, while it is going."""

    deleted: bool
    id: str


class AddressAvailability(BaseModel):
    """Whether an address can be had, and if not, why."""

    available: bool
    email: str = Field(description="As it would be.")
    reason: Literal[
        "available", "invalid_email", "domain_not_available", "taken", "reserved", "cleanup_pending"
    ]


class MailboxFilterRule(BaseModel):
    """Whose mail a rule is about."""

    type: Literal["allow", "deny"]
    pattern: str
    note: str | None


class MailboxFilters(BaseModel):
    """The filter of a mailbox; rules in the order of their patterns."""

    mode: Literal["off", "allowlist", "denylist"]
    rules: list[MailboxFilterRule]


class NamedRecord(BaseModel):
    """A DNS record to publish, and what public DNS showed when it was last asked."""

    type: Literal["TXT", "CNAME"]
    name: str
    value: str
    status: Literal["missing", "invalid", "valid"]
    seen: list[str]


class MxRecord(BaseModel):
    """An MX record to publish, and what public DNS showed when it was last asked."""

    type: Literal["MX"]
    name: str
    priority: int
    target: str
    status: Literal["missing", "invalid", "valid"]
    seen: list[str]


class MailboxDnsRecords(BaseModel):
    """Every record a domain needs; what is not known yet is null or empty."""

    mx: list[MxRecord]
    spf: NamedRecord | None
    dmarc: NamedRecord | None
    dkim: list[NamedRecord]
    verification: NamedRecord | None
    other: list[NamedRecord]


class MailboxDomain(BaseModel):
    """A domain that mailboxes can be on once it is verified."""

    id: str = Field(examples=["mdom_0199aaaa000070008000000000000003"])
    domain: str
    verification_status: Literal["pending", "verified", "failed"]
    ses_dkim_status: Literal["not_started", "pending", "success", "failed"]
    verified_at: datetime | None
    created_at: datetime
    mailbox_count: int = Field(description="Mailboxes on it that are not deleted.")
    dns_records: MailboxDnsRecords


class DomainChecks(BaseModel):
    """What public DNS shows as it should be."""

    mx: bool
    verification_txt: bool
    spf: bool
    dmarc: bool


class DomainVerification(BaseModel):
    """What a check of a domain's records found."""

    status: Literal["verified", "pending", "failed"]
    ses_dkim_status: Literal["not_started", "pending", "success", "failed"]
    checks: DomainChecks


class FieldIssue(BaseModel):
    """One thing that is wrong with one field."""

    field: str
    code: str
    message: str


class SendmuxErrorDetail(BaseModel):
    """What went wrong; `param` is the field of the first of `errors`."""

    code: str
    message: str
    retryable: bool
    param: str | None = None
    errors: list[FieldIssue] | None = None


class SendmuxError(BaseModel):
    """Every error."""

    ok: Literal[False]
    error: SendmuxErrorDetail
    meta: Meta
