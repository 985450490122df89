"""The worker's look at an accepted enable, confirmed, failed after all or to wait for, and at calls that are unsettled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.warmup.domain.attempts import Followed, decide_follow
from services.warmup.domain.decisions import shut_out
from services.warmup.domain.figures import observed
from services.warmup.domain.warmup import Warmup, confirmed, finished, start_failed
from services.warmup.handlers.facts import tell
from services.warmup.handlers.settle_warmup import settle_warmup
from services.warmup.handlers.tools import Tools
from services.warmup.ports import ProviderTrouble, Work
from shared.contracts.accounts import Failure
from shared.contracts.warmups import (
    WarmupConfirmed,
    WarmupFact,
    WarmupStartFailed,
    WarmupStatus,
)
from shared.observability.tracing import trace


class FollowWarmup:
    """Claims started warmups that the provider has not yet shown as warming, and stopped ones that are unsettled."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def claim(self, limit: int) -> Sequence[Warmup]:
        """Lease what is due."""
        now = self._tools.recorder.clock.now()
        return await self._tools.leases.take(self._tools.desk.claim(Work.FOLLOW, limit, now))

    async def run(self, warmup: Warmup) -> None:
        """Ask what the provider shows, and record what that means; asking changes nothing there."""
        with self._tools.leases.holding(warmup.token), trace(warmup.traceparent, warmup.create_request_id):
            try:
                if warmup.status is WarmupStatus.WARMING:
                    await self._look(warmup)
                else:
                    await settle_warmup(self._tools, warmup)
            except Exception:
                await self._tools.desk.put_back(
                    warmup, self._tools.schedule.put_back_at(self._tools.recorder.clock.now())
                )
                raise

    async def _look(self, warmup: Warmup) -> None:
        try:
            job = None if warmup.job_id is None else await self._tools.provider.job(warmup.job_id)
            sender = await self._tools.provider.sender(warmup.address)
        except ProviderTrouble as trouble:
            await self._wait(warmup, at_least=trouble.wait_seconds)
            return
        now = self._tools.recorder.clock.now()
        outcome = decide_follow(warmup, sender, job, now)
        if outcome is Followed.WAIT or outcome is Followed.FINISHED:
            await self._wait(warmup, is_finished=outcome is Followed.FINISHED)
            return
        seen = observed(warmup, sender, None, now)
        fact: type[WarmupFact]
        if isinstance(outcome, Failure):
            retry_at = self._tools.schedule.retry_at(now, warmup.attempts)
            after = start_failed(seen, outcome, retry_at, is_unresolved=False)
            fact = WarmupStartFailed
        elif outcome is Followed.CONFIRMED:
            after = confirmed(seen, self._tools.schedule.next_day(now, warmup.account_id))
            fact = WarmupConfirmed
        else:
            status = WarmupStatus.BANNED if outcome is Followed.BANNED else WarmupStatus.SUSPENDED
            after, fact = shut_out(seen, status, self._tools.policy, now)
        after, event = tell(self._tools.recorder, warmup, after, fact)
        async with self._tools.desk.transaction() as store:
            if await store.replace(warmup, after):
                await store.record(event)
        self._tools.announce()

    async def _wait(
        self, warmup: Warmup, *, is_finished: bool = False, at_least: float | None = None
    ) -> None:
        now, schedule = self._tools.recorder.clock.now(), self._tools.schedule
        later = replace(
            warmup, due_at=schedule.follow_at(now, warmup.tries, at_least), tries=warmup.tries + 1
        )
        if is_finished:
            later = finished(warmup, now, schedule.follow_at(now, 0))
        async with self._tools.desk.transaction() as store:
            await store.replace(warmup, later)
