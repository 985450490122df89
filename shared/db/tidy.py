"""What a service keeps for a time only: taken out in small portions when that is over, by one process at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.db.pool import OUTAGE, Pool
from shared.observability import metrics
from shared.observability.logging import get_logger

log = get_logger(__name__)

TIDY_LOCK = 0x6D77_7469  # "mwti": the first key of the advisory lock; the second tells the schemas apart
PORTION = 500
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Chore:
    """Rows of one table that are kept for a time.

    `statement` deletes or empties at most `$2` rows that were over before `$1`, which is now less the time `kept`, and
    finds them by an index: what is kept for ever lies in the same table.
    """

    table: str
    kept: timedelta
    statement: str


class Tidying:
    """Does a service's chores every now and then, each portion in a transaction of its own."""

    def __init__(self, pool: Pool, clock: Clock, chores: Sequence[Chore], *, every_seconds: float) -> None:
        self._pool = pool
        self._clock = clock
        self._chores = chores
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Tidy now and at intervals until cancelled."""
        while True:
            await self.tidy()
            await asyncio.sleep(self._every_seconds * random.uniform(0.9, 1.1))  # noqa: S311  parts the processes

    async def tidy(self) -> None:
        """Do every chore once; one that the database is not there for waits for the next time."""
        for chore in self._chores:
            try:
                await self._do(chore)
            except OUTAGE as error:
                log.warning("not_tidied", table=chore.table, error=type(error).__name__)

    async def _do(self, chore: Chore) -> None:
        before, total = self._clock.now() - chore.kept, 0
        while (done := await self._portion(chore, before)) > 0:
            total += done
            if done < PORTION:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        if total:
            metrics.TIDIED.labels(chore.table).inc(total)
            log.info("tidied", table=chore.table, rows=total)

    async def _portion(self, chore: Chore, before: datetime) -> int:
        """Do a portion and return of how many rows it was; none while another process tidies this schema."""
        async with self._pool.acquire() as connection, connection.transaction():
            is_ours = await connection.fetchval(
                "select pg_try_advisory_xact_lock($1, hashtext(current_schema()))", TIDY_LOCK
            )
            if not is_ours:
                return 0
            done = await connection.execute(chore.statement, before, PORTION)
        return int(done.rsplit(" ", 1)[-1])
