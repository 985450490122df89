"""What MyAgentMail's responses look like, for the OpenAPI document; `render.py` makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Shown(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class AgentError(_Shown):
    """Every error: a sentence and a stable code."""

    error: str
    code: str


class InboxAddress(_Shown):
    """An address of an inbox."""

    address: str
    is_primary: bool = Field(description="Mail is sent from this one.")


class Imap(_Shown):
    """Where and as whom to read the inbox's mail."""

    host: str
    port: int
    tls: bool
    username: str | None = Field(description="The canonical address; null until it is allocated.")
    password: str = Field(default="", description="Wherever `imapPassword` is shown.")


class Smtp(_Shown):
    """Where and as whom to send the inbox's mail."""

    host: str
    port: int
    starttls: bool = Field(description="false: the connection is encrypted from its beginning.")
    username: str | None = Field(description="The canonical address; null until it is allocated.")
    password: str = Field(default="", description="Wherever `imapPassword` is shown.")


class _Inbox(_Shown):
    id: UUID
    email: str | None = Field(
        description="What mail is sent from at present; may be an alias at a domain of yours. null until it is allocated."
    )
    canonical_email: str | None = Field(
        description="The inbox's identity and its IMAP and SMTP login; never changes once it is allocated."
    )
    username: str | None
    domain: str
    display_name: str | None
    workspace_id: UUID
    addresses: list[InboxAddress]
    imap: Imap
    smtp: Smtp
    created_at: datetime


class CreatedInbox(_Inbox):
    """A new inbox, with the secrets that no other create call shows again."""

    api_key: str = Field(description="A key for this inbox alone; shown here only.")
    imap_password: str


class ExistingInbox(_Inbox):
    """The inbox that had this name already, without any secret."""

    existed: Literal[True]


class InboxFailure(_Shown):
    """Why an inbox could not be made."""

    error: str
    code: str


class Inbox(_Inbox):
    """An inbox. While `status` is `provisioning` it cannot be used yet."""

    status: Literal["provisioning", "active", "failed", "deleting"]
    metadata: dict[str, Any]
    failure: InboxFailure | None = Field(description="Set when `status` is `failed`.")


class InboxWithPassword(Inbox):
    """An inbox with what its mail clients need."""

    imap_password: str | None = Field(description="null until the inbox is active.")


class InboxList(_Shown):
    """Inboxes, newest first, without passwords."""

    inboxes: list[Inbox]


class UpdatedInbox(_Shown):
    """The change is in force."""

    updated: bool = Field(description="false: the call named nothing to change.")
    id: UUID


class AgentDeleted(_Shown):
    """It is gone."""

    deleted: Literal[True]
    id: UUID


class AddedAddress(_Shown):
    """The inbox has this address from now on."""

    ok: Literal[True]
    address: str
    is_primary: bool


class RemovedAddress(_Shown):
    """The inbox no longer has this address."""

    deleted: Literal[True]
    address: str


class AgentDnsRecord(_Shown):
    """A DNS record the domain needs."""

    type: Literal["TXT", "CNAME", "MX"]
    name: str
    value: str
    priority: int | None
    status: Literal["pending", "verified"]
    check: Literal["missing", "invalid", "valid"] = Field(description="What DNS said when it was last asked.")
    seen: list[str] = Field(description="The values found at this name; `value` is what it should be.")


class AgentDomain(_Shown):
    """A domain of a workspace."""

    id: UUID
    domain: str
    status: Literal["pending", "verified", "failed", "deleting"]
    workspace_id: UUID
    dns_records: list[AgentDnsRecord]
    created_at: datetime
    updated_at: datetime


class AgentDomainList(_Shown):
    """Domains, newest first."""

    domains: list[AgentDomain]


class Workspace(_Shown):
    """A workspace of the tenant."""

    id: UUID
    name: str
    slug: str
    is_default: bool
    inbox_count: int
    domain_count: int
    created_at: datetime


class WorkspaceList(_Shown):
    """The tenant's workspaces, the default one first."""

    workspaces: list[Workspace]


class WorkspaceKey(_Shown):
    """A master key of a workspace, without its secret."""

    id: str
    prefix: str
    name: str | None
    workspace_id: UUID
    created_at: datetime


class CreatedWorkspaceKey(WorkspaceKey):
    """A new key; `key` is shown here only."""

    key: str


class CreatedInboxKey(_Shown):
    """An inbox's new key; `key` is shown here only, and the one before has ended."""

    id: str
    key: str
    prefix: Literal["ak"]
    inbox_id: UUID
    created_at: datetime


class WorkspaceKeyList(_Shown):
    """The keys of a workspace that are in force, newest first."""

    keys: list[WorkspaceKey]


class RevokedWorkspaceKey(_Shown):
    """The key ended; the next call with it answers 401."""

    revoked: Literal[True]
    id: str


class Tenant(_Shown):
    """A new customer with its first master key; `apiKey` is shown here only."""

    id: UUID
    name: str
    workspace_id: UUID = Field(description="The default workspace.")
    api_key: str
    created_at: datetime


class Identity(_Shown):
    """Who the key says the caller is."""

    type: Literal["tenant", "workspace", "inbox", "super_admin"]
    key_id: str
    prefix: Literal["tk", "wk", "ak", "sa"]
    tenant_id: UUID | None
    workspace_id: UUID | None
    inbox_id: UUID | None
