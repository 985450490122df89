"""Looks for inboxes and keys that commands made and nobody has, by the names they were given, and removes them."""

from __future__ import annotations

from random import Random

from services.provisioner.backoff import backoff_seconds
from services.provisioner.ports import Inboxes, Refused
from services.provisioner.store_strays import Stray, StrayStore
from services.provisioner.sweeper import ATTEMPTS_FOR_LONG_WAITS
from shared.errors import Retryable, Unknown
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)


class StrayWorker:
    """Runs claimed looks."""

    def __init__(self, store: StrayStore, inboxes: Inboxes, random: Random) -> None:
        self._store = store
        self._inboxes = inboxes
        self._random = random

    async def run(self, stray: Stray) -> None:
        """Look once; remove what is there without belonging there, and look again later."""
        try:
            is_found = not stray.is_kept and await self._remove(stray)
        except (Refused, Unknown, Retryable) as error:
            log.info("stray_postponed", kind=stray.kind, code=error.code)
            await self._store.again(stray, backoff_seconds(ATTEMPTS_FOR_LONG_WAITS, self._random))
            return
        if is_found:
            failpoint("provisioner.stray.after_call")
            log.warning("stray_removed", account_id=str(stray.account_id), kind=stray.kind)
            await self._store.again(stray, 0.0)
        else:
            await self._store.looked(stray)

    async def _remove(self, stray: Stray) -> bool:
        if stray.kind == "inbox":
            inbox = await self._inboxes.find(stray.inbox_id)
            if inbox is None or inbox.key != stray.name:
                return False
            await self._inboxes.delete(inbox.id)
            return True
        named = await self._inboxes.keys_named(stray.inbox_id, stray.name)
        unwanted = [key_id for key_id in named if key_id != stray.kept_id]
        for key_id in unwanted:
            await self._inboxes.delete_key(stray.inbox_id, key_id)
        return bool(unwanted)
