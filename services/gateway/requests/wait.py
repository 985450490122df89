"""Waiting for answers: one query for all waiting calls of this process, whichever replica closes their requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from services.gateway.requests.model import StoredResponse
from shared.db.pool import OUTAGE
from shared.errors import Retryable
from shared.observability.logging import get_logger
from shared.wake import Wake

log = get_logger(__name__)

POLL_SECONDS = 0.03

Look = Callable[[Iterable[UUID]], Awaitable[dict[UUID, StoredResponse]]]
"""Returns the answers of those of the given requests that have one."""

Left = Callable[[], Awaitable[Any]]
"""Returns when the client has left."""


class Waiting:
    """Holds the calls that wait for an answer; no connection and no transaction is held with them."""

    def __init__(self, look: Look, *, limit: int) -> None:
        self._look = look
        self._limit = limit
        self._waiting: dict[UUID, list[asyncio.Future[StoredResponse | None]]] = {}
        self._places = 0
        self._is_stopped = False
        self._wake = Wake()
        self._someone_waits = asyncio.Event()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place among the waiting calls; taken before a request is accepted, so that a refusal is the whole truth.

        Raises:
            Retryable: Too many calls wait already.
        """
        if self._places >= self._limit:
            raise Retryable("Too many calls wait for an answer already.", code="overloaded", retry_after=2.0)
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    async def now(self, request_id: UUID) -> StoredResponse | None:
        """Return the answer of a request if it has one already.

        Raises:
            OUTAGE: The database is away.
        """
        return (await self._look([request_id])).get(request_id)

    async def answer(
        self, request_id: UUID, seconds: float, left: Left | None = None
    ) -> StoredResponse | None:
        """Return the answer of a request; None when the time is up, the service stops, or the client has left."""
        if self._is_stopped:
            return None
        future: asyncio.Future[StoredResponse | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request_id, []).append(future)
        self._someone_waits.set()
        gone = asyncio.ensure_future(left()) if left is not None else None
        try:
            await asyncio.wait(
                {future, gone} if gone else {future}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return future.result() if future.done() else None
        finally:
            self._forget(request_id, future)
            if gone is not None:
                gone.cancel()

    def wake(self) -> None:
        """Look for answers now; called after a commit that may have stored some."""
        self._wake.call()

    def stop(self) -> None:
        """Let every waiting call go without an answer, and hold no new one."""
        self._is_stopped = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)

    async def run(self) -> None:
        """Look for the answers that are waited for, until cancelled."""
        while True:
            await self._rest()
            try:
                answers = await self._look(list(self._waiting))
            except OUTAGE as error:
                log.warning("answers_not_read", error=type(error).__name__, waiting=self._places)
                await asyncio.sleep(0.5)
                continue
            for request_id, response in answers.items():
                for future in self._waiting.get(request_id, ()):
                    if not future.done():
                        future.set_result(response)

    async def _rest(self) -> None:
        if not self._waiting:
            self._someone_waits.clear()
            await self._someone_waits.wait()
        await self._wake.rest(POLL_SECONDS)

    def _forget(self, request_id: UUID, future: asyncio.Future[StoredResponse | None]) -> None:
        futures = self._waiting[request_id]
        futures.remove(future)
        if not futures:
            del self._waiting[request_id]
