"""Deletes the bytes of files that are to be erased, and then what is known of them; doing so twice is harmless."""

from __future__ import annotations

import asyncio

import services.threads.fail_points_files  # noqa: F401  registers them
from services.threads.store_files import FileStore
from shared.content.objects import Objects, StorageUnavailable
from shared.db.pool import OUTAGE
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.wake import Wake

log = get_logger(__name__)

AT_ONCE = 50
AT_A_TIME = 8
"""How many deletions are under way in object storage at the same moment."""
POLL_SECONDS = 10.0


class Eraser:
    """Erases until cancelled; needs no lease, because nothing but a row that has gone says that it is done."""

    def __init__(self, store: FileStore, objects: Objects) -> None:
        self._store = store
        self._objects = objects
        self._wake = Wake()

    def wake(self) -> None:
        """Look for files now; called after a commit that may have erased some."""
        self._wake.call()

    async def run(self) -> None:
        """Erase what is due, now and whenever there may be more."""
        while True:
            try:
                while await self.erase_some() == AT_ONCE:
                    pass
            except (StorageUnavailable, *OUTAGE) as error:
                log.warning("files_not_erased", error=str(error) or type(error).__name__)
            await self._wake.rest(POLL_SECONDS)

    async def erase_some(self) -> int:
        """Erase files that are due, at most so many at once; returns how many were due.

        One that cannot be deleted keeps no other from going: it is due again later, and later each time.

        Raises:
            StorageUnavailable: The store deleted none of them.
        """
        paths = await self._store.claim(AT_ONCE)
        if not paths:
            return 0
        failpoint("threads.erase_files.before_delete")
        slots = asyncio.Semaphore(AT_A_TIME)
        troubles = await asyncio.gather(*(self._delete(path, slots) for path in paths))
        failpoint("threads.erase_files.after_delete")
        failed = [trouble for trouble in troubles if trouble is not None]
        if len(failed) == len(paths):
            raise failed[0]
        await self._store.gone(
            [path for path, trouble in zip(paths, troubles, strict=True) if trouble is None]
        )
        if failed:
            log.warning("files_not_erased", files=len(failed), error=str(failed[0]))
        return len(paths)

    async def _delete(self, path: str, slots: asyncio.Semaphore) -> StorageUnavailable | None:
        """Delete the bytes of a file; returns what kept them from going."""
        async with slots:
            try:
                await self._objects.delete(path)
            except StorageUnavailable as error:
                return error
        return None
