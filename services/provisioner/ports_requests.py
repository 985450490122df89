"""What the handlers of requests about accounts that exist need of the store."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from services.provisioner.domain.sagas import Saga
from shared.contracts.accounts import AccountState
from shared.contracts.answers import RequestAnswered
from shared.contracts.envelope import Recorded


class Removals(Protocol):
    """The store as the deletion of an account sees it: everything happens in the batch's one transaction."""

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        ...

    async def lock(self, account_id: UUID) -> Saga | None:
        """Return an account's saga, which nobody else can write to until the transaction ends."""
        ...

    async def delete(self, saga: Saga, request: Recorded) -> None:
        """Turn the saga towards the account's end, unless it is going there, and let the request wait for that."""
        ...

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        ...


class Commands(Protocol):
    """The store as a command to an account sees it: everything happens in the batch's one transaction."""

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        ...

    async def account(self, account_id: UUID) -> AccountState | None:
        """Return an account."""
        ...

    async def add(self, request: Recorded) -> None:
        """Put a request in line behind those of the same account."""
        ...

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        ...
