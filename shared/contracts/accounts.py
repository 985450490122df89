"""Accounts: what clients ask of them, and the facts the provisioner states about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import ACCOUNTS, Event, Kind, Model
from shared.contracts.requests import Dialect, Request


class Step(StrEnum):
    """The provider effects of provisioning, in the order they are made."""

    INBOX = "inbox"
    CREDENTIALS = "credentials"
    SENDER = "sender"
    TAGS = "tags"


class Plan(Model):
    """What an account is made of; a soft step may be refused for good without failing the account."""

    steps: tuple[Step, ...]
    soft_steps: tuple[Step, ...] = ()
    warmup: bool = False


class Naming(StrEnum):
    """What becomes of a request for a name that somebody has."""

    EXACT = "exact"
    """It is refused."""
    OWN_OR_EXACT = "own_or_exact"
    """The tenant's own inbox of that name is the answer; anybody else's refuses the request."""
    OWN_OR_SUFFIXED = "own_or_suffixed"
    """The tenant's own inbox of that name is the answer; otherwise the first free of name, name1 … name99 is taken."""


class SendScope(Model):
    """Which of its owner's mail providers a mailbox sends through."""

    type: Literal["all", "providers", "group"] = "all"
    provider_public_ids: tuple[str, ...] = ()
    group_public_ids: tuple[str, ...] = ()


class Credential(Model):
    """A credential of one inbox that its owner was given; its secret is in the vault under `id`."""

    id: UUID
    name: str
    created_at: datetime


class AccountStatus(StrEnum):
    """Where an account is in its life."""

    RESERVED = "reserved"
    PROVISIONED = "provisioned"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


class Failure(Model):
    """Why something was refused: a stable code and a sentence that is safe to show."""

    code: str
    message: str


class AccountState(Model):
    """The whole public state of an account; every account fact carries it."""

    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    dialect: Dialect
    plan: Plan
    status: AccountStatus
    address: str
    username: str
    domain_id: UUID
    domain: str
    created_at: datetime
    updated_at: datetime
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    signature: str | None = None
    daily_limit: int = 30
    suspended: bool = False
    inbox_id: str | None = None
    sender_id: str | None = None
    account_tag_id: str | None = None
    warmup_tag_id: str | None = None
    credential_ref: UUID | None = None
    """Names the sealed inbox credential in the vault; never the credential itself."""
    credentials: tuple[Credential, ...] = ()
    """Every inbox credential in force, the oldest first; the account's own is among them while it has one."""
    aliases: tuple[str, ...] = ()
    """Further addresses whose mail belongs to this account."""
    primary_alias: str | None = None
    """The alias that mail is sent from; None while that is the account's own address."""
    quota_bytes: int | None = None
    send_scope: SendScope = SendScope()
    metadata: dict[str, Any] = Field(default_factory=dict)
    """What the owner keeps beside the account; its content means nothing to us."""
    failure: Failure | None = None


# --- requests -------------------------------------------------------------------------------------------------


class AccountRequested(Request):
    """A client asked for a new account; the record's subject is the id the account will have."""

    TYPE: ClassVar[str] = "mailwright.account.requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    plan: Plan
    workspace_id: UUID
    username: str | None = None
    """The local part; None leaves the choice to the owner, who derives it from `name_source`."""
    domain_id: UUID | None = None
    domain: str | None = None
    """The domain by its name, where the dialect does not use ids; exactly one of both is set."""
    naming: Naming = Naming.EXACT
    name_source: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    quota_bytes: int | None = None
    send_scope: SendScope = SendScope()


class AccountChanges(Model):
    """New values of what a client may change; `AccountChangeRequested.changed` names those that count."""

    signature: str | None = None
    display_name: str | None = None
    suspended: bool = False
    quota_bytes: int | None = None
    send_scope: SendScope = SendScope()
    metadata: dict[str, Any] = Field(default_factory=dict)


class AccountChangeRequested(Request):
    """A client asked to change an account; what the providers show is changed there first.

    With `expected_version` the change is refused unless that is the account's version.
    """

    TYPE: ClassVar[str] = "mailwright.account.change_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    changes: AccountChanges
    changed: tuple[str, ...]
    expected_version: int | None = None


class AddressAdditionRequested(Request):
    """A client asked for a further address of an account, and to send from it if `is_primary`."""

    TYPE: ClassVar[str] = "mailwright.account.address_addition_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    address: str
    is_primary: bool = True


class AddressRemovalRequested(Request):
    """A client asked to give up one of an account's further addresses."""

    TYPE: ClassVar[str] = "mailwright.account.address_removal_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    address: str


class AccountDeletionRequested(Request):
    """A client asked to remove an account with everything it has at the providers."""

    TYPE: ClassVar[str] = "mailwright.account.deletion_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS


class CredentialsRequested(Request):
    """A client asked for another credential of an account's inbox; `credential_id` is the id it will have."""

    TYPE: ClassVar[str] = "mailwright.account.credentials_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    credential_id: UUID
    name: str


class CredentialsRevocationRequested(Request):
    """A client asked to end a credential."""

    TYPE: ClassVar[str] = "mailwright.account.credentials_revocation_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    credential_id: UUID


# --- facts ----------------------------------------------------------------------------------------------------


class AccountFact(Event):
    """Something that happened to an account; `account` is its state right after."""

    TOPIC: ClassVar[str] = ACCOUNTS
    KIND: ClassVar[Kind] = Kind.FACT

    account: AccountState


class AccountReserved(AccountFact):
    """The address belongs to this account from now on; nothing exists at a provider yet."""

    TYPE: ClassVar[str] = "mailwright.account.reserved.v1"


class InboxCreated(AccountFact):
    """The inbox exists at the inbox provider."""

    TYPE: ClassVar[str] = "mailwright.account.inbox_created.v1"


class CredentialsIssued(AccountFact):
    """The inbox has credentials of its own; the secret is in the vault under `credential_ref`."""

    TYPE: ClassVar[str] = "mailwright.account.credentials_issued.v1"


class CredentialsRevoked(AccountFact):
    """A credential is confirmed gone at the provider, and its secret is erased."""

    TYPE: ClassVar[str] = "mailwright.account.credentials_revoked.v1"


class SenderRegistered(AccountFact):
    """The address is registered at the warmup provider."""

    TYPE: ClassVar[str] = "mailwright.account.sender_registered.v1"


class TagsAssigned(AccountFact):
    """The sender carries its account and warmup tags."""

    TYPE: ClassVar[str] = "mailwright.account.tags_assigned.v1"


class AccountProvisioned(AccountFact):
    """Every step of the plan is done; warmup may begin if the plan has one."""

    TYPE: ClassVar[str] = "mailwright.account.provisioned.v1"


class AccountProvisioningFailed(AccountFact):
    """A provider refused for good; what was made is being undone."""

    TYPE: ClassVar[str] = "mailwright.account.provisioning_failed.v1"


class AccountUndone(AccountFact):
    """Every effect of a failed provisioning is confirmed undone.

    `is_address_burned` says whether the address stays blocked: it does once an inbox may have existed at it.
    """

    TYPE: ClassVar[str] = "mailwright.account.undone.v1"

    is_address_burned: bool


class AccountChanged(AccountFact):
    """A client's change of the account is in force, at the providers too where they show it."""

    TYPE: ClassVar[str] = "mailwright.account.changed.v1"


class AccountDeleting(AccountFact):
    """The account is going away; warmup must end before its sender is touched."""

    TYPE: ClassVar[str] = "mailwright.account.deleting.v1"


class AccountDeleted(AccountFact):
    """Everything the account had is confirmed gone; its address stays burned if an inbox can have been at it."""

    TYPE: ClassVar[str] = "mailwright.account.deleted.v1"


EVENTS: tuple[type[Event], ...] = (
    AccountRequested,
    AccountChangeRequested,
    AddressAdditionRequested,
    AddressRemovalRequested,
    AccountDeletionRequested,
    CredentialsRequested,
    CredentialsRevocationRequested,
    AccountReserved,
    InboxCreated,
    CredentialsIssued,
    CredentialsRevoked,
    SenderRegistered,
    TagsAssigned,
    AccountProvisioned,
    AccountProvisioningFailed,
    AccountUndone,
    AccountChanged,
    AccountDeleting,
    AccountDeleted,
)
