"""Work that lives in Postgres rows: claimed under a lease, run a bounded number at a time, woken early or by poll."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from shared.db.pool import OUTAGE
from shared.observability.logging import get_logger
from shared.wake import Wake

Job = TypeVar("Job", bound=Hashable)
log = get_logger(__name__)


class LeasedWorker(Generic[Job]):
    """Runs the jobs that `claim(limit)` hands out, at most `concurrency` at once.

    `claim` must mark what it returns with a lease of its own token, and every later write of a job must be
    conditional on that token: a worker that lost its lease then changes nothing. `run` must not raise for trouble
    it can record; what it does raise is logged, and the job comes back when its lease expires.
    """

    def __init__(
        self,
        name: str,
        claim: Callable[[int], Awaitable[Sequence[Job]]],
        run: Callable[[Job], Awaitable[None]],
        *,
        concurrency: int = 32,
        poll_seconds: float = 0.5,
    ) -> None:
        self._name = name
        self._claim = claim
        self._run_job = run
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._wake = Wake()
        self._jobs: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for work now; called after a commit that made some due."""
        self._wake.call()

    async def run(self) -> None:
        """Claim and run until cancelled; jobs in hand are then given a moment to finish."""
        try:
            while True:
                await self._claim_some()
                await self._rest()
        finally:
            if self._jobs:
                await asyncio.wait(self._jobs, timeout=2.0)
            for job in self._jobs:
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _claim_some(self) -> None:
        free = self._concurrency - len(self._jobs)
        if free <= 0:
            return
        try:
            jobs = await self._claim(free)
        except Exception as error:
            # Whatever it is, the rows are still there: looking again later loses nothing, ending would lose all.
            log.warning("claim_failed", worker=self._name, error=type(error).__name__, exc_info=error)
            await asyncio.sleep(0.5)
            return
        for job in jobs:
            task = asyncio.create_task(self._guarded(job))
            self._jobs.add(task)
            task.add_done_callback(self._finished)
        if len(jobs) == free:
            self._wake.call()

    async def _rest(self) -> None:
        await self._wake.rest(self._poll_seconds)
        if len(self._jobs) >= self._concurrency:
            await asyncio.wait(self._jobs, return_when=asyncio.FIRST_COMPLETED)

    async def _guarded(self, job: Job) -> None:
        try:
            await self._run_job(job)
        except OUTAGE as error:
            log.warning("job_interrupted", worker=self._name, error=type(error).__name__)
        except Exception:
            log.exception("job_crashed", worker=self._name)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        self._wake.call()
