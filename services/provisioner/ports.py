"""What the provisioner's sagas and commands need of the outside, in the words of the domain.

Calls that change something raise `Refused` for a definite no, `Unknown` when nobody knows, and `Retryable` when nothing
happened. Calls that only read raise nothing but `Retryable`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.contracts.accounts import AccountState
from shared.errors import MailwrightError, Retryable


class Refused(MailwrightError):
    """A provider said no for good; the code and the sentence are safe to show."""

    code = "provider_refused"


class MailboxNotReady(Retryable):
    """The warmup provider could not log in; a new mailbox often needs a moment."""

    code = "mailbox_not_ready"


class OperatorFault(Retryable):
    """A provider refuses our own key or plan: nothing is wrong with the account, and only an operator can help."""

    code = "provider_misconfigured"


class AddressLost(MailwrightError):
    """Somebody else reserved the address first: nothing was written."""

    code = "address_lost"


@dataclass(frozen=True, slots=True)
class Inbox:
    """An inbox as its provider shows it; `key` is what its creator named it by."""

    id: str
    key: str | None


@dataclass(frozen=True, slots=True)
class InboxKey:
    """A credential of one inbox; the secret is shown only once."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailLogin:
    """How a mail program reaches an inbox."""

    username: str
    password: str = field(repr=False)
    imap_host: str
    imap_port: int
    smtp_host: str
    smtp_port: int


class Inboxes(Protocol):
    """The inbox provider."""

    async def create(self, *, username: str, domain: str, display_name: str | None, key: str) -> str:
        """Create an inbox and return its id; a repeated key returns the same inbox.

        Raises:
            Refused: With the code `address_taken` if somebody has, or had, an inbox there.
        """
        ...

    async def find(self, address: str) -> Inbox | None:
        """Return the inbox at an address."""
        ...

    async def delete(self, inbox_id: str) -> None:
        """Delete an inbox; one that is gone is fine."""
        ...

    async def rename(self, inbox_id: str, display_name: str | None) -> None:
        """Change the name that an inbox's mail is sent under; None takes it away."""
        ...

    async def is_named(self, inbox_id: str, display_name: str | None) -> bool:
        """Look whether an inbox has this name."""
        ...

    async def create_key(self, inbox_id: str, name: str) -> InboxKey:
        """Mint a credential; every call mints another."""
        ...

    async def keys_named(self, inbox_id: str, name: str) -> Sequence[str]:
        """Return the ids of an inbox's credentials of that name; none if the inbox is gone."""
        ...

    async def delete_key(self, inbox_id: str, key_id: str) -> None:
        """Revoke a credential; one that is gone is fine."""
        ...

    def login(self, address: str, secret: str) -> MailLogin:
        """Return how a mail program uses a credential."""
        ...


class Senders(Protocol):
    """The warmup provider's accounts and tags."""

    async def add(
        self, address: str, login: MailLogin, *, first_name: str, last_name: str, daily_limit: int
    ) -> None:
        """Register an address; one that is registered here already is fine.

        Raises:
            MailboxNotReady: The login failed, as it often does on a new mailbox.
        """
        ...

    async def exists(self, address: str) -> bool:
        """Return whether the address is registered here."""
        ...

    async def remove(self, address: str) -> None:
        """Remove an address; one that is gone is fine."""
        ...

    async def sign(self, address: str, signature: str | None) -> None:
        """Change the signature under a sender's mail; none clears it."""
        ...

    async def is_signed(self, address: str, signature: str | None) -> bool:
        """Look whether a sender has this signature."""
        ...

    async def find_tag(self, label: str) -> str | None:
        """Return the id of the tag with exactly this label, the oldest if there are several."""
        ...

    async def create_tag(self, label: str) -> str:
        """Create a tag, or find the one of that label, and return its id."""
        ...

    async def delete_tag(self, tag_id: str) -> None:
        """Delete a tag; one that is gone is fine."""
        ...

    async def assign_tags(self, address: str, tag_ids: Collection[str]) -> None:
        """Put tags on a sender; those it has are fine.

        Raises:
            TagGone: One of the tags, or the sender, does not exist.
        """
        ...

    async def unassign_tags(self, address: str, tag_ids: Collection[str]) -> None:
        """Take tags off a sender; a sender that is gone is fine."""
        ...

    async def tags_of(self, address: str) -> Collection[str]:
        """Return the ids of the tags a sender wears; none if it is gone."""
        ...


class Addresses(Protocol):
    """Which addresses an account has."""

    async def further(self, account: AccountState) -> Sequence[str]:
        """Return those besides its own, also ones that are only about to be made."""
        ...


class Names(Protocol):
    """Which names are free."""

    async def next_free(self, names: Sequence[str], domain: str) -> str | None:
        """Return the first of these names whose address nobody has or had."""
        ...


class TagGone(Refused):
    """A tag to assign, or the sender to assign it to, does not exist."""


class Credentials(Protocol):
    """Where inbox credentials are kept."""

    async def secret_of(self, account: AccountState) -> str:
        """Return the credential the account refers to."""
        ...


class Accounts(Credentials, Addresses, Protocol):
    """What the steps of an account look up here."""
