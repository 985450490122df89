"""What the provisioner's handlers need of the outside, in the words of the domain."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from services.provisioner.domain.accounts import DomainClaim, Holder, Reservation
from shared.contracts.answers import RequestAnswered
from shared.contracts.envelope import Recorded


class Reservations(Protocol):
    """The store as the reservation of an address sees it: everything happens in the batch's one transaction."""

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        ...

    async def claim(self, domain_id: UUID) -> DomainClaim | None:
        """Return what is known of a claim to a domain."""
        ...

    async def reserve(self, reservation: Reservation) -> Holder | None:
        """Reserve the address and record the account, its saga and its first fact; else say who holds it."""
        ...

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        ...
