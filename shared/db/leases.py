"""The leases one process holds: renewed together while work goes on, and trusted only as long as they surely last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from shared.db.pool import OUTAGE
from shared.errors import MailwrightError
from shared.observability.logging import get_logger

log = get_logger(__name__)


class LeaseLost(MailwrightError):
    """Another worker has the work, or it has turned: nothing was written, and nothing more may be done for it."""

    code = "lease_lost"


class Leased(Protocol):
    """Work that is held under a lease of its own."""

    @property
    def token(self) -> UUID:
        """Names the lease."""
        ...


Work = TypeVar("Work", bound=Leased)
Made_co = TypeVar("Made_co", bound=Leased, covariant=True)


class LeaseKeeper(Protocol):
    """Where leases are kept, counted by the database's clock."""

    async def renew(self, tokens: Sequence[UUID]) -> Collection[UUID]:
        """Keep leases for another while and return those that are still ours."""
        ...

    async def release(self, tokens: Sequence[UUID]) -> None:
        """Give leases back early."""
        ...


class LeaseStore(LeaseKeeper, Protocol[Made_co]):
    """Where work is leased from, too."""

    async def claim(self, limit: int) -> Sequence[Made_co]:
        """Lease due work."""
        ...


class KeptLeases:
    """Keeps the leases of claimed work.

    A process that was frozen may wake after its leases ended. Its writes are fenced in the database, but a provider
    cannot be: so no call is begun under a lease that was not renewed within its own length.
    """

    def __init__(self, keeper: LeaseKeeper, lease_seconds: float) -> None:
        self._keeper = keeper
        self._lease_seconds = lease_seconds
        self._held: dict[UUID, float] = {}

    async def take(self, claiming: Awaitable[Sequence[Work]]) -> Sequence[Work]:
        """Keep the leases of what a claim returns, from now on."""
        asked_at = time.monotonic()
        claimed = await claiming
        self._held.update((work.token, asked_at) for work in claimed)
        return claimed

    @contextmanager
    def holding(self, *tokens: UUID) -> Iterator[None]:
        """Stop renewing leases when their work ends; work that is cancelled leaves them to `give_back`."""
        is_cancelled = False
        try:
            yield
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        finally:
            if not is_cancelled:
                for token in tokens:
                    self._held.pop(token, None)

    def is_sure(self, token: UUID) -> bool:
        """Say whether a lease surely lasts."""
        return time.monotonic() - self._held.get(token, float("-inf")) < self._lease_seconds

    def require(self, token: UUID) -> None:
        """Check a lease before a call.

        Raises:
            LeaseLost: It may have ended.
        """
        if not self.is_sure(token):
            raise LeaseLost("The lease may have ended.")

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            await asyncio.sleep(self._lease_seconds / 4)
            if self._held:
                await self._unless_away(self._renew)

    async def give_back(self) -> None:
        """Release what is held when the process stops, so that nobody has to wait for the leases to end."""
        if self._held:
            await self._unless_away(lambda: self._keeper.release(list(self._held)))

    async def let_go(self, token: UUID) -> None:
        """Release a lease under which nothing more can be written, because the saga turned; its next worker may begin."""
        await self._unless_away(lambda: self._keeper.release([token]))

    async def _renew(self) -> None:
        asked_at = time.monotonic()
        held = list(self._held)
        still_ours = await self._keeper.renew(held)
        for token in held:
            if token not in self._held:
                continue
            if token in still_ours:
                self._held[token] = asked_at
            else:
                self._held[token] = float("-inf")

    async def _unless_away(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        except OUTAGE as error:
            log.warning("leases_database_away", error=type(error).__name__)


class Leases(KeptLeases, Generic[Work]):
    """Claims work and keeps its leases."""

    def __init__(self, store: LeaseStore[Work], lease_seconds: float) -> None:
        super().__init__(store, lease_seconds)
        self._store = store

    async def claim(self, limit: int) -> Sequence[Work]:
        """Lease up to `limit` due pieces of work."""
        return await self.take(self._store.claim(limit))
