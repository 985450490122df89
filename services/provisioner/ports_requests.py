"""What the handlers of requests need of the store: everything happens in the one transaction of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.provisioner.domain.accounts import DomainClaim, Holder, Reservation
from services.provisioner.domain.names import Existing, Wish
from services.provisioner.domain.sagas import Saga
from shared.contracts.accounts import AccountState
from shared.contracts.answers import RequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect


class Requests(Protocol):
    """Requests of any kind, each answered once."""

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        ...

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        ...


class Reservations(Requests, Protocol):
    """The store as the reservation of an address sees it."""

    async def claim(self, domain_id: UUID) -> DomainClaim | None:
        """Return what is known of a claim to a domain."""
        ...

    async def claim_to(
        self, domain: str, tenant_id: UUID, workspace_id: UUID, dialect: Dialect
    ) -> DomainClaim | None:
        """Return the platform's claim to a name, else the one that a workspace made in a dialect."""
        ...

    async def reserve(self, reservation: Reservation) -> Holder | None:
        """Reserve the address and record the account, its saga and its first fact; else say who holds it."""
        ...

    async def hold(self, wish: Wish) -> None:
        """Wait for whoever decides about the same wish at this moment."""
        ...

    async def at(self, address: str) -> Existing | None:
        """Return the account that has the address as its own; it stays as it is until the transaction ends."""
        ...

    async def remembered(self, wish: Wish) -> Existing | None:
        """Return the living account that an earlier request with the same wish came to; it stays as it is too."""
        ...

    async def remember(self, wish: Wish, account_id: UUID) -> None:
        """Keep in mind which account a wish came to."""
        ...

    async def first_free(self, names: Sequence[str], domain: str) -> str | None:
        """Return the first of these names whose address nobody has or had."""
        ...

    async def join(self, request: Recorded, existing: Existing) -> None:
        """Have the request answered with the one that began the account."""
        ...


class Removals(Requests, Protocol):
    """The store as the deletion of an account sees it."""

    async def lock(self, account_id: UUID) -> Saga | None:
        """Return an account's saga, which nobody else can write to until the transaction ends."""
        ...

    async def delete(self, saga: Saga, request: Recorded) -> None:
        """Turn the saga towards the account's end, unless it is going there, and let the request wait for that."""
        ...


class Commands(Requests, Protocol):
    """The store as a command to an account sees it."""

    async def account(self, account_id: UUID) -> AccountState | None:
        """Return an account."""
        ...

    async def add(self, request: Recorded) -> None:
        """Put a request in line behind those of the same account."""
        ...
