"""The worker's one attempt at a client's command: intent, call, look-up, outcome and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.warmup.domain.commanded import resumed, settled, stopped, unsettled
from services.warmup.domain.commands import (
    Again,
    Attempt,
    Call,
    Command,
    Decision,
    Done,
    Stopped,
    decide_call,
    decide_look,
    decide_trouble,
    is_allowed,
    is_unsettled,
)
from services.warmup.domain.decisions import shut_out
from services.warmup.domain.figures import observed
from services.warmup.domain.warmup import Warmup
from services.warmup.fail_points import COMMAND
from services.warmup.handlers import answers
from services.warmup.handlers.facts import tell
from services.warmup.handlers.tools import Tools
from services.warmup.ports import DueCommand, ProviderTrouble, Waiting, WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import (
    WarmupDisabled,
    WarmupFact,
    WarmupPaused,
    WarmupResumed,
    WarmupStatus,
)
from shared.db.leases import LeaseLost
from shared.messaging.causes import Cause
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)


class RunCommands:
    """Claims warmups that a client commanded to change, and carries the attempts on."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def claim(self, limit: int) -> Sequence[DueCommand]:
        """Lease what is due; the intents are committed."""
        now = self._tools.recorder.clock.now()
        return await self._tools.leases.take(self._tools.desk.claim_commands(limit, now))

    async def run(self, due: DueCommand) -> None:
        """Carry an attempt one step further; what goes wrong on our side leaves an intent to look up."""
        warmup, attempt = due
        with trace(warmup.traceparent), self._tools.leases.holding(due.token):
            try:
                decision = await self._decide(warmup, attempt)
                async with self._tools.desk.transaction() as store:
                    if not await store.hold(warmup):
                        return
                    await self._apply(store, warmup, attempt, decision)
                    failpoint(f"{COMMAND}.before_commit")
                failpoint(f"{COMMAND}.after_commit")
            except LeaseLost:
                log.info("lease_lost", account_id=str(warmup.account_id))
                return
            except Exception:
                at = self._tools.schedule.put_back_at(self._tools.recorder.clock.now())
                await self._tools.desk.put_back_command(warmup, at)
                raise
        self._tools.announce()

    async def _decide(self, warmup: Warmup, attempt: Attempt) -> Decision | None:
        """Ask the provider, after looking up what an earlier call may have done; None when the command came too late."""
        if not is_allowed(attempt.command, warmup):
            return None
        failpoint(f"{COMMAND}.after_intent")
        if attempt.intent_at is not None:
            seen = await self._look(warmup, attempt)
            if not isinstance(seen, Call):
                return seen
        self._tools.leases.require(warmup.token)
        failpoint(f"{COMMAND}.before_call")
        provider = self._tools.provider
        switch = provider.enable if attempt.command is Command.RESUME else provider.disable
        verdict = await switch([warmup.address])
        failpoint(f"{COMMAND}.after_call")
        return decide_call(attempt, verdict, self._tools.recorder.clock.now(), self._tools.schedule)

    async def _look(self, warmup: Warmup, attempt: Attempt) -> Decision | Call:
        clock, schedule = self._tools.recorder.clock, self._tools.schedule
        try:
            job = None if attempt.job_id is None else await self._tools.provider.job(attempt.job_id)
            sender = await self._tools.provider.sender(warmup.address)
        except ProviderTrouble as trouble:
            return decide_trouble(attempt, clock.now(), schedule, trouble.wait_seconds)
        return decide_look(warmup, attempt, sender, job, clock.now(), schedule)

    async def _apply(
        self, store: WarmupStore, warmup: Warmup, attempt: Attempt, decision: Decision | None
    ) -> None:
        if isinstance(decision, Again):
            await store.put_off_command(warmup, self._later(attempt, decision), decision.at)
            return
        joined = await store.close_command(warmup.account_id)
        if isinstance(decision, Done | Stopped):
            await self._change(store, warmup, attempt, decision, joined)
            return
        if decision is not None and attempt.intent_at is not None and is_unsettled(warmup, attempt):
            now, schedule = self._tools.recorder.clock.now(), self._tools.schedule
            await store.replace(warmup, unsettled(warmup, attempt.intent_at, schedule.follow_at(now, 0)))
        else:
            await store.release(warmup)
        for each in joined:
            answer = (
                answers.wrong_state(each.request_id, warmup.account_id, warmup, attempt.command)
                if decision is None
                else answers.failed(each.request_id, warmup.account_id, decision)
            )
            await store.answer(each.cause, answer)

    def _later(self, attempt: Attempt, decision: Again) -> Attempt:
        now = self._tools.recorder.clock.now()
        is_news = (decision.stage, decision.job_id) != (attempt.stage, attempt.job_id)
        return replace(
            attempt,
            intent_at=now if decision.is_unresolved else None,
            stage=decision.stage,
            stage_at=now if is_news else attempt.stage_at,
            job_id=decision.job_id,
            tries=0 if is_news else attempt.tries + 1,
        )

    async def _change(
        self,
        store: WarmupStore,
        warmup: Warmup,
        attempt: Attempt,
        decision: Done | Stopped,
        joined: Sequence[Waiting],
    ) -> None:
        """Record the change and tell all who wait for it; a sender that the provider has stopped obeys nobody."""
        after, kind = self._changed(warmup, attempt, decision)
        after, fact = tell(
            self._tools.recorder,
            warmup,
            after,
            kind,
            cause=joined[0].cause if joined else None,
            request_id=joined[0].request_id if joined else None,
        )
        await store.replace(warmup, after)
        await store.record(fact)
        for each in joined:
            answer = (
                answers.done(each.request_id, after)
                if isinstance(decision, Done)
                else answers.wrong_state(each.request_id, after.account_id, after, attempt.command)
            )
            await store.answer(_not_before(each.cause, fact), answer)

    def _changed(
        self, warmup: Warmup, attempt: Attempt, decision: Done | Stopped
    ) -> tuple[Warmup, type[WarmupFact]]:
        if isinstance(decision, Stopped):
            now = self._tools.recorder.clock.now()
            seen = observed(warmup, decision.sender, None, now)
            return shut_out(seen, decision.status, self._tools.policy, now)
        if attempt.command is Command.RESUME:
            return self._resumed(warmup, decision), WarmupResumed
        status, kind = _STOPS[attempt.command]
        now = self._tools.recorder.clock.now()
        intent_at = warmup.intent_at if decision.is_shown else now
        after = stopped(
            warmup,
            status,
            reason=attempt.reason,
            is_confirmed=decision.is_shown,
            intent_at=intent_at,
            due_at=self._tools.schedule.follow_at(now, 0),
        )
        if intent_at is None:
            after = settled(after, self._tools.schedule.next_day(now, warmup.account_id))
        return after, kind

    def _resumed(self, warmup: Warmup, decision: Done) -> Warmup:
        now, schedule = self._tools.recorder.clock.now(), self._tools.schedule
        due_at = (
            schedule.next_day(now, warmup.account_id) if decision.is_shown else schedule.follow_at(now, 0)
        )
        return resumed(warmup, now, is_confirmed=decision.is_shown, job_id=decision.job_id, due_at=due_at)


_STOPS: dict[Command, tuple[WarmupStatus, type[WarmupFact]]] = {
    Command.PAUSE: (WarmupStatus.PAUSED, WarmupPaused),
    Command.DISABLE: (WarmupStatus.DISABLED, WarmupDisabled),
}


def _not_before(cause: Cause, fact: Recorded) -> Cause:
    return replace(cause, time=max(cause.time, fact.time))
