"""What must be as it should before a service starts its work; until then it is up, says what it waits for, and looks again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from shared.errors import Retryable
from shared.observability.logging import get_logger

log = get_logger(__name__)

LOOK_SECONDS = 0.5
SAY_AGAIN_SECONDS = 10.0

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else one sentence that says what is not."""


class Condition:
    """One thing that a service needs before it may start. Once met it stays met: what fails later, the work notices.

    Work that started on a wrong schema or on wrongly divided topics would take every event for one it cannot handle.
    """

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check
        self._met = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._said: str | None = None
        self._said_at = 0.0
        self.trouble: str | None = "It was not looked at yet."

    async def run(self) -> None:
        """Look until it is met, then only wait to be cancelled: a task that ends would count as dead."""
        while not self._met.is_set():
            await self.look()
            if not self._met.is_set():
                await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()

    async def look(self) -> str | None:
        """Return what is wrong, seen just now, or None if it is met; many callers share one look."""
        if not self._met.is_set():
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)
        return self.trouble

    async def now(self) -> str | None:
        """Return what is wrong at this moment, also after the start."""
        return await self._trouble() if self._met.is_set() else await self.look()

    async def last(self) -> str | None:
        """Return what was wrong at the last look; costs nothing, and says nothing new after the start."""
        return self.trouble

    async def require(self) -> None:
        """Let a call through only if the condition is met.

        Raises:
            Retryable: It is not.
        """
        if not self._met.is_set() and (trouble := await self.look()):
            raise Retryable(trouble)

    def then(self, run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return the same work, begun when the condition is met."""

        async def held() -> None:
            await self._met.wait()
            await run()

        return held

    async def _look(self) -> None:
        self.trouble = await self._trouble()
        if self.trouble is None:
            self._met.set()
            if self._said is not None:
                log.info("found_ready", what=self._name)
        elif self.trouble != self._said or time.monotonic() - self._said_at > SAY_AGAIN_SECONDS:
            self._said, self._said_at = self.trouble, time.monotonic()
            log.warning("waiting_to_start", what=self._name, trouble=self.trouble)

    async def _trouble(self) -> str | None:
        try:
            return await self._check()
        except Exception as error:  # noqa: BLE001  whatever is wrong, the answer is "not yet" and never the end
            return f"The {self._name} cannot be checked ({type(error).__name__})."
