"""The worker's attempt to enable warmup: intent, one call for up to a hundred addresses, outcome and answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.warmup.domain.attempts import Fail, Said, SenderStatus, Start, TryAgain, Verdict, decide_attempt
from services.warmup.domain.warmup import AttemptBy, Warmup, attempt_closed, start_failed, started, waiting
from services.warmup.fail_points import ENABLE, RETRY
from services.warmup.handlers import answers
from services.warmup.handlers.facts import tell
from services.warmup.handlers.tools import Tools
from services.warmup.ports import (
    BATCH_LIMIT,
    ProviderTrouble,
    Waiting,
    WarmupStore,
    Work,
)
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupStarted, WarmupStartFailed, WarmupStatus
from shared.messaging.causes import Cause
from shared.observability.failpoints import failpoint
from shared.observability.tracing import trace

Batch = tuple[Warmup, ...]
AT_ONCE = 8


class EnableWarmups:
    """Claims warmups that are to be enabled and carries their attempts on"""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def claim(self, limit: int) -> Sequence[Batch]:
        """Lease what is due: each warmup that must go alone, and one batch of all others; their intents are committed."""
        due = await self._tools.leases.take(self._claim(limit))
        together = tuple(warmup for warmup in due if not warmup.must_go_alone)
        return [*((warmup,) for warmup in due if warmup.must_go_alone), *([together] if together else [])]

    async def _claim(self, limit: int) -> Sequence[Warmup]:
        now, desk = self._now(), self._tools.desk
        alone = await desk.claim(Work.ENABLE, max(limit - 1, 1), now, alone=True)
        return [*alone, *await desk.claim(Work.ENABLE, BATCH_LIMIT, now, alone=False)]

    async def run(self, batch: Batch) -> None:
        """Carry the attempts of a batch one call further; what goes wrong on our side leaves an intent to look up."""
        points = _points(batch)
        traceparent = batch[0].traceparent if len(batch) == 1 else None
        with trace(traceparent), self._tools.leases.holding(*(warmup.token for warmup in batch)):
            try:
                verdicts = await self._ask(batch, points)
            except Exception:
                for warmup in batch:
                    await self._put_back(warmup)
                raise
            called_together = len(batch) > 1
            ends = await asyncio.gather(
                *(
                    self._conclude(each, verdicts[each.account_id], points, called_together)
                    for each in batch
                    if each.account_id in verdicts
                ),
                return_exceptions=True,
            )
        for end in ends:
            if end is not None:
                raise end

    async def _ask(self, batch: Batch, points: str) -> Mapping[UUID, Verdict]:
        """Look up what an earlier attempt may have done, and ask for the rest with one call.

        Those whose lease may have ended meanwhile are left out.
        """
        failpoint(f"{points}.after_intent")
        warming = await self._look_up([warmup for warmup in batch if warmup.intent_at is not None])
        verdicts = {
            account_id: Verdict(Said.UNKNOWN if is_warming is None else Said.WARMING)
            for account_id, is_warming in warming.items()
            if is_warming is not False
        }
        to_ask = [each for each in batch if each.account_id not in verdicts and self._is_ours(each)]
        if not to_ask:
            return verdicts
        failpoint(f"{points}.before_call")
        verdict = await self._tools.provider.enable([warmup.address for warmup in to_ask])
        failpoint(f"{points}.after_call")
        verdicts.update((warmup.account_id, verdict) for warmup in to_ask)
        if verdict.said is Said.UNKNOWN:
            warming = await self._look_up(to_ask)
            verdicts.update(
                (each, Verdict(Said.WARMING)) for each, is_warming in warming.items() if is_warming
            )
        return verdicts

    async def _look_up(self, warmups: Sequence[Warmup]) -> dict[UUID, bool | None]:
        """Return for each whether the provider shows it as warming; None where it did not answer, or was not asked."""

        async def one(warmup: Warmup) -> bool | None:
            async with self._at_once:
                if not self._is_ours(warmup):
                    return None
                try:
                    sender = await self._tools.provider.sender(warmup.address)
                except ProviderTrouble:
                    return None
                return sender is not None and sender.status is SenderStatus.WARMING

        found = await asyncio.gather(*(one(warmup) for warmup in warmups))
        return {warmup.account_id: is_warming for warmup, is_warming in zip(warmups, found, strict=True)}

    async def _conclude(self, warmup: Warmup, verdict: Verdict, points: str, called_together: bool) -> None:
        async with self._at_once:
            try:
                async with self._tools.desk.transaction() as store:
                    if not await store.hold(warmup):
                        return
                    await self._apply(store, warmup, verdict, called_together)
                    failpoint(f"{points}.before_commit")
                failpoint(f"{points}.after_commit")
            except Exception:
                if verdict.said in {Said.ACCEPTED, Said.WARMING}:
                    await self._say_not_recorded(warmup)
                await self._put_back(warmup)
                raise
        self._tools.announce()

    async def _apply(
        self, store: WarmupStore, warmup: Warmup, verdict: Verdict, called_together: bool
    ) -> None:
        now = self._now()
        decision = decide_attempt(warmup, verdict, now, self._tools.schedule, shared=called_together)
        if isinstance(decision, TryAgain):
            again = waiting(
                warmup, decision.at, is_alone=decision.is_alone, is_unresolved=decision.is_unresolved
            )
            await store.replace(warmup, again)
            return
        # A retry can join only while the warmup has not started, so nobody can wait before that.
        joined = (
            await store.take_waiting(warmup.account_id) if warmup.status is WarmupStatus.NOT_STARTED else ()
        )
        if isinstance(decision, Start):
            await self._start(store, warmup, decision, now, joined)
        else:
            await self._fail(store, warmup, decision, joined)

    async def _start(
        self,
        store: WarmupStore,
        warmup: Warmup,
        decision: Start,
        now: datetime,
        joined: Sequence[Waiting],
    ) -> None:
        """Record the start; the first retry that waits has its wish, for the others it is too late (S1-16)."""
        due_at = (
            self._tools.schedule.next_day(now, warmup.account_id)
            if decision.is_confirmed
            else self._tools.schedule.follow_at(now, 0)
        )
        after = started(
            warmup, now, is_confirmed=decision.is_confirmed, job_id=decision.job_id, due_at=due_at
        )
        after, fact = tell(
            self._tools.recorder,
            warmup,
            replace(after, create_request_id=None),
            WarmupStarted,
            cause=joined[0].cause if joined else None,
            request_id=joined[0].request_id if joined else warmup.create_request_id,
        )
        await store.replace(warmup, after)
        await store.record(fact)
        await _answer_create(store, warmup, after, fact)
        for place, retry in enumerate(joined):
            answer = (
                answers.done(retry.request_id, after)
                if place == 0
                else answers.wrong_state(retry.request_id, after.account_id, after)
            )
            await store.answer(replace(retry.cause, time=max(retry.cause.time, fact.time)), answer)

    async def _fail(
        self, store: WarmupStore, warmup: Warmup, decision: Fail, joined: Sequence[Waiting]
    ) -> None:
        """Record the failure; one of a client's own attempt changes nothing that clients see (S1-25)."""
        if warmup.attempt_by is AttemptBy.CLIENT:
            closed = attempt_closed(warmup, is_unresolved=decision.is_unresolved, is_alone=decision.is_alone)
            await store.replace(warmup, closed)
        else:
            after = start_failed(
                warmup,
                decision.failure,
                decision.next_at,
                is_unresolved=decision.is_unresolved,
                is_alone=decision.is_alone,
            )
            after, fact = tell(
                self._tools.recorder,
                warmup,
                replace(after, create_request_id=None),
                WarmupStartFailed,
                request_id=warmup.create_request_id,
            )
            await store.replace(warmup, after)
            await store.record(fact)
            await _answer_create(store, warmup, after, fact)
        for retry in joined:
            answer = answers.failed(retry.request_id, warmup.account_id, decision.failure)
            await store.answer(retry.cause, answer)

    async def _say_not_recorded(self, warmup: Warmup) -> None:
        """Tell the retries that wait that the outcome could not be recorded, in a transaction of its own (S1-26).

        The attempt is over, its intent stays: the next one finds out what the provider did (S1-27, S1-28).
        """
        async with self._tools.desk.transaction() as store:
            if not await store.hold(warmup):
                return
            joined = await store.take_waiting(warmup.account_id)
            if not joined:
                return
            await store.replace(warmup, attempt_closed(warmup, is_unresolved=True))
            for retry in joined:
                answer = answers.failed(retry.request_id, warmup.account_id, answers.NOT_RECORDED)
                await store.answer(retry.cause, answer)
        self._tools.announce()

    async def _put_back(self, warmup: Warmup) -> None:
        await self._tools.desk.put_back(warmup, self._tools.schedule.put_back_at(self._now()))

    def _is_ours(self, warmup: Warmup) -> bool:
        return self._tools.leases.is_sure(warmup.token)

    def _now(self) -> datetime:
        return self._tools.recorder.clock.now()


async def _answer_create(store: WarmupStore, before: Warmup, after: Warmup, fact: Recorded) -> None:
    """Answer the create request with the first outcome, whatever it is: the account exists."""
    if before.create_request_id is not None:
        await store.answer(Cause.of(fact), answers.done(before.create_request_id, after))


def _points(batch: Batch) -> str:
    """Return the family of fail points for this work: attempts that clients asked for have their own."""
    return RETRY if batch[0].attempt_by is AttemptBy.CLIENT else ENABLE
