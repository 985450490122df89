"""The worker's daily judgement: what the provider says in total, whether that is enough, once per account and day.

Warmups that a client paused are asked for in the same questions: their days are not judged, but what the provider did shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.warmup.domain.days import Observation, decide_day
from services.warmup.domain.decisions import Judgement
from services.warmup.domain.figures import Figures
from services.warmup.domain.health import WINDOW_DAYS
from services.warmup.domain.holds import Trouble, trouble_of
from services.warmup.domain.warmup import Warmup, held, over, released
from services.warmup.fail_points import DAY
from services.warmup.handlers.facts import tell
from services.warmup.handlers.settle_warmup import watch_warmup
from services.warmup.handlers.tools import Tools
from services.warmup.ports import BATCH_LIMIT, ProviderTrouble, Work
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import (
    WarmupBanned,
    WarmupDayRecorded,
    WarmupFact,
    WarmupFellBack,
    WarmupGraduated,
    WarmupPaused,
    WarmupResumed,
    WarmupStatus,
    WarmupSuspended,
)
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)
Batch = tuple[Warmup, ...]
AT_ONCE = 8


class JudgeDay:
    """Claims warmups whose next day has come, also graduated and paused ones, and judges each by the provider's totals (S1-31)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._has_begun = False

    async def claim(self, _: int) -> Sequence[Batch]:
        """Lease one batch of what is due; at first, what was planned by another calendar is planned by this one."""
        now = self._tools.recorder.clock.now()
        if not self._has_begun:
            await self._tools.desk.bring_forward(*self._tools.schedule.out_of_reach(now))
            self._has_begun = True
        due = await self._tools.leases.take(self._tools.desk.claim(Work.JUDGE, BATCH_LIMIT, now))
        return [tuple(due)] if due else []

    async def run(self, due: Batch) -> None:
        """Ask for the whole batch, then judge each account on its own; the accounts nobody answered for come again.

        Those that are late, because the service or the provider was away, are put off and judged at the usual pace.
        """
        now, schedule = self._tools.recorder.clock.now(), self._tools.schedule
        with self._tools.leases.holding(*(warmup.token for warmup in due)):
            batch = []
            for warmup in due:
                if warmup.due_at is not None and schedule.is_late(warmup.due_at, now):
                    await self._tools.desk.put_back(warmup, schedule.catch_up_at(now, warmup.account_id))
                else:
                    batch.append(warmup)
            if batch:
                await self._judge_all(batch)

    async def _judge_all(self, batch: Sequence[Warmup]) -> None:
        try:
            failpoint(f"{DAY}.before_call")
            figures = await self._tools.provider.figures([warmup.address for warmup in batch])
        except ProviderTrouble as trouble:
            for warmup in batch:
                await self._wait(warmup, trouble.wait_seconds)
            return
        except Exception:
            for warmup in batch:
                await self._put_back(warmup)
            raise
        unanswered = {address for address, told in figures.items() if told is None}
        ends = await asyncio.gather(
            *(
                self._wait_alone(warmup)
                if warmup.address in unanswered
                else self._judge(warmup, figures.get(warmup.address))
                for warmup in batch
            ),
            return_exceptions=True,
        )
        for end in ends:
            if end is not None:
                raise end

    async def _judge(self, warmup: Warmup, figures: Figures | None) -> None:
        async with self._at_once:
            if not self._tools.leases.is_sure(warmup.token):
                return
            try:
                sender = await self._tools.provider.sender(warmup.address)
                failpoint(f"{DAY}.after_call")
                if warmup.is_watched:
                    await watch_warmup(self._tools, warmup, sender, self._now(warmup))
                else:
                    await self._record(warmup, Observation(sender, figures))
                failpoint(f"{DAY}.after_commit")
            except ProviderTrouble as trouble:
                await self._wait(warmup, trouble.wait_seconds)
            except Exception:
                await self._put_back(warmup)
                raise
        self._tools.announce()

    async def _record(self, warmup: Warmup, seen: Observation) -> None:
        """Record the day it was due on and what it comes to, unless it is judged already: then there is only the next one."""
        now = self._now(warmup)
        today = replace(self._tools.schedule.today(warmup.due_at or now), now=now)
        due_at = self._tools.schedule.next_day(warmup.due_at or now, warmup.account_id)
        async with self._tools.desk.transaction() as store:
            if not await store.hold(warmup):
                return
            since, until = self._tools.schedule.last_full_days(today, WINDOW_DAYS)
            beside = await store.circumstances(warmup, since, until)
            whole = replace(seen, mail=beside.mail, domain=beside.domain, judged_before=beside.judged_before)
            judged, judgement = decide_day(warmup, whole, self._tools.policy, today)
            status = seen.sender.status if seen.sender else None
            if not await store.add_day(today.number, judged, status):
                await store.replace(warmup, replace(warmup, due_at=due_at, tries=0))
                return
            after, facts = self._facts(warmup, replace(judged, tries=0, due_at=due_at), judgement, whole)
            await store.replace(warmup, after)
            await store.record(*facts)
            failpoint(f"{DAY}.before_commit")

    def _facts(
        self, warmup: Warmup, judged: Warmup, judgement: Judgement, seen: Observation
    ) -> tuple[Warmup, list[Recorded]]:
        after, recorded = tell(self._tools.recorder, warmup, judged, WarmupDayRecorded)
        move = _move(after, judgement, trouble_of(after, seen.sender, seen.domain))
        if move is None:
            return after, [recorded]
        after, last = tell(self._tools.recorder, after, *move)
        return after, [recorded, last]

    async def _put_back(self, warmup: Warmup) -> None:
        await self._tools.desk.put_back(warmup, self._tools.schedule.put_back_at(self._now(warmup)))

    async def _wait_alone(self, warmup: Warmup) -> None:
        log.warning("figures_not_told", account_id=str(warmup.account_id), tries=warmup.tries)
        await self._wait(warmup, None)

    async def _wait(self, warmup: Warmup, at_least: float | None) -> None:
        at = self._tools.schedule.ask_again_at(self._now(warmup), warmup.tries, at_least)
        async with self._tools.desk.transaction() as store:
            await store.replace(warmup, replace(warmup, due_at=at, tries=warmup.tries + 1))

    def _now(self, warmup: Warmup) -> datetime:
        """Return the instant, not before it was due: a clock that was set back meanwhile does not make it the day before."""
        now = self._tools.recorder.clock.now()
        return max(now, warmup.due_at or now)


def _move(
    warmup: Warmup, judgement: Judgement, trouble: Trouble | None
) -> tuple[Warmup, type[WarmupFact]] | None:
    """Return what a judgement makes of a warmup, and the fact that says so; None if it stays where it is."""
    match judgement:
        case Judgement.GRADUATE:
            return replace(warmup, status=WarmupStatus.GRADUATED), WarmupGraduated
        case Judgement.FALL_BACK:
            return replace(warmup, status=WarmupStatus.WARMING), WarmupFellBack
        case Judgement.BAN:
            return over(warmup, WarmupStatus.BANNED), WarmupBanned
        case Judgement.SUSPEND:
            return over(warmup, WarmupStatus.SUSPENDED), WarmupSuspended
        case Judgement.HOLD if trouble is not None and warmup.hold is None:
            return held(warmup, trouble.hold, trouble.sentence), WarmupPaused
        case Judgement.RELEASE:
            return released(warmup), WarmupResumed
        case _:
            return None
