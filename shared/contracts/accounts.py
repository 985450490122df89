"""Accounts: what clients ask of them, and the facts the provisioner states about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

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
    failure: Failure | None = None


# --- requests -------------------------------------------------------------------------------------------------


class AccountRequested(Request):
    """A client asked for a new account; the record's subject is the id the account will have."""

    TYPE: ClassVar[str] = "mailwright.account.requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    plan: Plan
    workspace_id: UUID
    username: str
    domain_id: UUID
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class AccountDeletionRequested(Request):
    """A client asked to remove an account with everything it has at the providers."""

    TYPE: ClassVar[str] = "mailwright.account.deletion_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS


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


class AccountDeleting(AccountFact):
    """The account is going away; warmup must end before its sender is touched."""

    TYPE: ClassVar[str] = "mailwright.account.deleting.v1"


class AccountDeleted(AccountFact):
    """Everything the account had is confirmed gone; its address stays burned."""

    TYPE: ClassVar[str] = "mailwright.account.deleted.v1"


EVENTS: tuple[type[Event], ...] = (
    AccountRequested,
    AccountDeletionRequested,
    AccountReserved,
    InboxCreated,
    CredentialsIssued,
    SenderRegistered,
    TagsAssigned,
    AccountProvisioned,
    AccountProvisioningFailed,
    AccountUndone,
    AccountDeleting,
    AccountDeleted,
)
