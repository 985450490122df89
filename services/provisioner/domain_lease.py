"""Keeping a name's lease while the work on it goes on, so that it can be short and a crash costs little time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.provisioner.domain_work import Lease
from services.provisioner.ports_domains import NameStore
from shared.db.leases import LeaseLost
from shared.db.pool import OUTAGE


@asynccontextmanager
async def renewing(store: NameStore, lease: Lease, every_seconds: float) -> AsyncIterator[None]:
    """Renew the lease regularly until the block ends; a lease that is lost is for the next write to notice."""
    renewal = asyncio.create_task(_renew(store, lease, every_seconds))
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)


async def _renew(store: NameStore, lease: Lease, every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await store.renew(lease)
        except LeaseLost:
            return
        except OUTAGE:
            continue
