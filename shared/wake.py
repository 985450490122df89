"""Resting between two looks for work: for a while, or until somebody says that there is some."""

from __future__ import annotations

import asyncio


class Wake:
    """Wakes the one loop that rests on it; a call that comes while it works ends its next rest at once."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    def call(self) -> None:
        """Let the loop look now."""
        self._called.set()

    async def rest(self, seconds: float) -> None:
        """Return after this long, or as soon as somebody calls."""
        try:
            async with asyncio.timeout(seconds):
                await self._called.wait()
        except TimeoutError:
            return
        finally:
            self._called.clear()
