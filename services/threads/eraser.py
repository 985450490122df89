"""Deletes the bytes of files that are to be erased, and then what is known of them; doing so twice is harmless."""

from __future__ import annotations

import asyncio

import services.threads.fail_points_files  # noqa: F401  registers them
from services.threads.store_files import FileStore
from shared.content.objects import Objects, StorageUnavailable
from shared.db.pool import OUTAGE
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

AT_ONCE = 50
POLL_SECONDS = 10.0


class Eraser:
    """Erases until cancelled; needs no lease, because nothing but a row that has gone says that it is done."""

    def __init__(self, store: FileStore, objects: Objects) -> None:
        self._store = store
        self._objects = objects
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for files now; called after a commit that may have erased some."""
        self._wake.set()

    async def run(self) -> None:
        """Erase what is due, now and whenever there may be more."""
        while True:
            try:
                while await self.erase_some() == AT_ONCE:
                    pass
            except (StorageUnavailable, *OUTAGE) as error:
                log.warning("files_not_erased", error=str(error) or type(error).__name__)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def erase_some(self) -> int:
        """Erase files that are due, at most so many at once; returns how many.

        Raises:
            StorageUnavailable: The store did not delete them; they are due again in five minutes.
        """
        paths = await self._store.claim(AT_ONCE)
        if paths:
            failpoint("threads.erase_files.before_delete")
            await self._objects.delete(paths)
            failpoint("threads.erase_files.after_delete")
            await self._store.gone(paths)
        return len(paths)
