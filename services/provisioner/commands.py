"""Commands: requests that change an account in one attempt, whose outcome is known before they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from services.provisioner.domain.accounts import Refusal
from shared.contracts.accounts import AccountFact, AccountState
from shared.contracts.envelope import Event, Recorded


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A request as its worker holds it under a lease, with its account as it stood when it was claimed.

    `has_intent` says that the call may have been made before; `age_seconds` is counted by the database's clock.
    """

    request: Recorded
    account: AccountState
    version: int
    token: UUID
    has_intent: bool
    age_seconds: float
    revoked: frozenset[UUID] = frozenset()
    """The credentials that the account had and has no longer."""

    @property
    def request_id(self) -> UUID:
        """The request that is answered with the outcome."""
        if self.request.request_id is None:
            raise LookupError("A command is a request and has its id.")
        return self.request.request_id


@dataclass(frozen=True, slots=True)
class Made:
    """What a call makes at the inbox provider, as it can be found there; an inbox's id is the address it needs."""

    kind: Literal["inbox", "key"]
    inbox_id: str
    name: str
    """The key of an inbox, the name of a key."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a command comes to: the account's new fields, the fact that tells so, and a secret to seal if it made one.

    `fields` are laid over the account as it stands when they are written, so that what other commands changed meanwhile
    is kept.
    """

    fact: type[AccountFact]
    fields: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)
    secret: tuple[UUID, str] | None = field(default=None, repr=False)
    kept_id: str | None = None
    """Of what the call made, that which is there by right; all else of its name is looked for and removed."""


class Kind(Protocol):
    """What one kind of command does."""

    def refuse(self, command: Command) -> Refusal | None:
        """Say why the account as it stands cannot be changed so."""
        ...

    def is_in_force(self, command: Command) -> bool:
        """Return whether the account is as asked already, so that nothing has to be done or told."""
        ...

    def calls(self, command: Command) -> bool:
        """Return whether a provider has to be asked."""
        ...

    def makes(self, command: Command) -> Made | None:
        """Return what the call makes that may land late and must then not stay."""
        ...

    async def do(self, command: Command) -> Change:
        """Have it done; what the provider shows is changed here."""
        ...

    async def adopt(self, command: Command) -> Change | None:
        """Look what came of a call whose outcome nobody knows: what it did, or None if that must not count."""
        ...


Kinds = Mapping[type[Event], Kind]
