"""Whatever clients, the provider and crashes do in whatever order: no path leads outside the table of transitions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.warmup.domain.attempts import JobStatus, Said, SenderStatus, Verdict
from services.warmup.domain.policies import PUFFLE, STANDARD, Policy
from services.warmup.domain.schedule import Schedule
from services.warmup.domain.transitions import TRANSITIONS
from services.warmup.handlers.command_warmup import command_warmup
from services.warmup.handlers.enable_warmups import EnableWarmups
from services.warmup.handlers.end_warmup import end_before_start
from services.warmup.handlers.follow_warmup import FollowWarmup
from services.warmup.handlers.hold_warmups import HoldWarmups
from services.warmup.handlers.judge_day import JudgeDay
from services.warmup.handlers.retry_warmup import retry_warmup
from services.warmup.handlers.run_commands import RunCommands
from services.warmup.handlers.start_warmup import start_warmup
from services.warmup.handlers.tools import Tools
from services.warmup.handlers.watch_domain import watch_domain
from shared.clock import Calendar
from shared.contracts.accounts import AccountDeleting, AccountProvisioned, Failure
from shared.contracts.domains import DomainFailed, DomainStatus, DomainVerified
from shared.contracts.envelope import Event, Recorded
from shared.contracts.warmups import (
    WarmupDisableRequested,
    WarmupFact,
    WarmupPauseRequested,
    WarmupResumeRequested,
    WarmupRetryRequested,
    WarmupStatus,
)
from shared.db.leases import KeptLeases
from shared.messaging.recorder import Recorder
from tests.contract.events.samples import ACCOUNT_STATE, CALLER, DOMAIN_STATE
from tests.unit.warmup.memory import LEASE_SECONDS, CommitLost, MemoryDesk, Numbered, Seconds
from tests.unit.warmup.told_provider import ToldProvider

START = datetime(2026, 3, 1, 1, tzinfo=UTC)
ACCOUNT = ACCOUNT_STATE.account_id
QUICK = Policy("quick", 1, PUFFLE.goals, STANDARD.keeps)
"""Soon reached and soon lost."""
STEPS = {(each.before.value, each.fact.TYPE, each.after.value) for each in TRANSITIONS}


class Worker(Protocol):
    """A part of the service that claims work and does it."""

    async def claim(self, limit: int) -> Sequence[Any]: ...

    async def run(self, job: Any) -> None: ...


class Warmups(RuleBasedStateMachine):
    """One account, everything that can happen to it, and what must hold after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock, self.ids = Seconds(START), Numbered()
        self.recorder = Recorder(self.clock, self.ids)
        self.desk, self.provider = MemoryDesk(self.ids, self.clock), ToldProvider()
        self.looks = 0
        self.asked: set[UUID] = set()
        self.held: list[tuple[Worker, Any]] = []

    @initialize(policy=st.sampled_from([PUFFLE, STANDARD, QUICK]), is_provisioned=st.booleans())
    def begin(self, policy: Policy, is_provisioned: bool) -> None:
        schedule = Schedule(calendar=Calendar(START), jitter=lambda _, longest: longest)
        tools = Tools(
            self.desk,
            KeptLeases(self.desk, LEASE_SECONDS),
            self.provider,
            self.recorder,
            schedule,
            policy,
            lambda: None,
        )
        self.workers: tuple[Worker, ...] = (
            EnableWarmups(tools), FollowWarmup(tools), JudgeDay(tools), RunCommands(tools), HoldWarmups(tools)
        )  # fmt: skip
        if is_provisioned:
            self.provisioned()

    # --- what happens to it

    @rule()
    def provisioned(self) -> None:
        event = self._event(AccountProvisioned(account=ACCOUNT_STATE), ACCOUNT)
        self._handle(lambda store: start_warmup(store, self.recorder, event, ACCOUNT_STATE))
        self.asked.add(ACCOUNT)

    @precondition(lambda self: self.clock.now() > START + timedelta(days=10))
    @rule()
    def deleting(self) -> None:
        event = self._event(AccountDeleting(account=ACCOUNT_STATE), self.ids.new())
        self._handle(lambda store: end_before_start(store, self.recorder, event, ACCOUNT_STATE))

    @rule()
    def retried(self) -> None:
        data = WarmupRetryRequested(caller=CALLER)
        event = self._asked(data)
        self._handle(lambda store: retry_warmup(store, self.recorder, event, data))

    @rule()
    def paused(self) -> None:
        self._command(WarmupPauseRequested(caller=CALLER))

    @rule()
    def resumed(self) -> None:
        self._command(WarmupResumeRequested(caller=CALLER))

    @rule()
    def disabled(self) -> None:
        self._command(WarmupDisableRequested(caller=CALLER))

    @rule(said=st.sampled_from([*[Said.ACCEPTED] * 4, *Said]))
    def provider_says(self, said: Said) -> None:
        self.provider.verdict = Verdict(said, "job")

    @rule(
        status=st.sampled_from([SenderStatus.WARMING, None, *SenderStatus]),
        job=st.sampled_from([None, *JobStatus]),
        is_silent=st.sampled_from([False, False, False, True]),
    )
    def provider_shows(self, status: SenderStatus | None, job: JobStatus | None, is_silent: bool) -> None:
        self.provider.status, self.provider.job_status, self.provider.is_silent = status, job, is_silent

    @rule(
        reputation=st.sampled_from([None, 50.0, 95.0, 95.0]),
        sends=st.sampled_from([0, 40, 40]),
        reaches_inboxes=st.booleans(),
    )
    def provider_counts(self, reputation: float | None, sends: int, reaches_inboxes: bool) -> None:
        self.provider.reputation, self.provider.sends = reputation, sends
        self.provider.reaches_inboxes = reaches_inboxes

    @rule(is_connected=st.booleans())
    def mailbox_is_reached(self, is_connected: bool) -> None:
        self.provider.is_connected = is_connected

    @rule(
        status=st.sampled_from([SenderStatus.WARMING, SenderStatus.WARMING, *SenderStatus]),
        is_connected=st.sampled_from([True, True, False]),
        reputation=st.sampled_from([95.0, 95.0, 50.0]),
    )
    def a_look_shows(self, status: SenderStatus, is_connected: bool, reputation: float) -> None:
        """Let the provider show this at the next look, whenever that is."""
        self.provider.status, self.provider.is_silent = status, False
        self.provider.is_connected, self.provider.reputation = is_connected, reputation
        self.life_goes_on(1)

    @rule(is_verified=st.booleans())
    def domain_is_judged(self, is_verified: bool) -> None:
        status = DomainStatus.VERIFIED if is_verified else DomainStatus.FAILED
        failure = None if is_verified else Failure(code="dns_lost", message="Records are gone.")
        state = DOMAIN_STATE.model_copy(
            update={
                "domain_id": ACCOUNT_STATE.domain_id,
                "status": status,
                "failure": failure,
                "verified_at": START,
            }
        )
        self.looks += 1
        fact = DomainVerified(domain=state) if is_verified else DomainFailed(domain=state)
        event = replace(self._event(fact, self.ids.new()), sequence=self.looks)
        self._handle(lambda store: watch_domain(store, event, state))

    @rule(seconds=st.sampled_from([0.5, 3.0, 30.0, 3_600.0, 86_400.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_seconds(seconds)

    @rule(times=st.integers(1, 20))
    def life_goes_on(self, times: int) -> None:
        """Do what is due next, at the time it is due."""
        for _ in range(times):
            rows = self.desk.rows
            due = [each.due_at for each in rows.warmups.values() if each.due_at is not None]
            due += [each.due_at for each in rows.commands.values()]
            self.clock.instant = max(self.clock.instant, min(due, default=START))
            for number in range(5):
                self.work(number)

    @rule()
    def commit_is_lost(self) -> None:
        self.desk.loses = 1

    @rule(number=st.integers(0, 4))
    def work(self, number: int) -> None:
        for job in self._wait(self.workers[number].claim(8)):
            self._run(self.workers[number], job)

    @rule(number=st.integers(0, 4))
    def claim_and_hesitate(self, number: int) -> None:
        self.held += [(self.workers[number], job) for job in self._wait(self.workers[number].claim(8))]

    @rule()
    def go_on_late(self) -> None:
        held, self.held = self.held, []
        for worker, job in held:
            self._run(worker, job)

    # --- what must hold

    @invariant()
    def every_step_is_in_the_table(self) -> None:
        before, version = WarmupStatus.STARTING.value, 0
        for event in self.desk.rows.events:
            assert isinstance(event.data, WarmupFact)
            after = event.data.warmup.status.value
            assert (before, event.data.TYPE, after) in STEPS
            assert event.sequence == version + 1
            before, version = after, event.sequence

    @invariant()
    def what_is_kept_is_what_was_told(self) -> None:
        warmup, events = self.desk.rows.warmups.get(ACCOUNT), self.desk.rows.events
        if warmup is not None:
            told = events[-1].data if events else None
            assert warmup.version == len(events)
            assert warmup.status == (told.warmup.status if isinstance(told, WarmupFact) else "starting")

    @invariant()
    def a_hold_is_told_with_its_reason_and_days_under_it_do_not_qualify(self) -> None:
        qualified, is_held = 0, False
        for event in self.desk.rows.events:
            assert isinstance(event.data, WarmupFact)
            state = event.data.warmup
            assert state.hold is None or (state.status is WarmupStatus.PAUSED and state.reason)
            assert not (is_held and state.qualified_days > qualified)
            qualified, is_held = state.qualified_days, state.hold is not None

    @invariant()
    def a_day_is_told_once(self) -> None:
        told = Counter(event.data.TYPE for event in self.desk.rows.events)
        assert told["mailwright.warmup.day_recorded.v1"] == len(self.desk.rows.days)
        assert told["mailwright.warmup.ended.v1"] <= 1

    @invariant()
    def nobody_is_forgotten(self) -> None:
        rows = self.desk.rows
        waiting = [*rows.retries.get(ACCOUNT, []), *rows.commanders.get(ACCOUNT, [])]
        warmup = rows.warmups.get(ACCOUNT)
        creating = {warmup.create_request_id} if warmup and warmup.create_request_id else set()
        assert self.asked == rows.answers.keys() | {each.request_id for each in waiting} | creating

    def teardown(self) -> None:
        """Let the provider and the service be well again: then everybody who asked is answered."""
        self.desk.loses = 0
        self.provider_says(Said.REFUSED)
        self.provider_shows(SenderStatus.PAUSED, JobStatus.FAILED, False)
        for _ in range(12):
            self.clock.pass_seconds(30.0)
            for number in range(5):
                self.work(number)
        self.loop.close()
        assert self.asked == self.desk.rows.answers.keys()

    # --- how

    def _event(self, data: Event, request_id: UUID) -> Recorded:
        return self.recorder.event(
            data,
            subject=ACCOUNT,
            tenant_id=ACCOUNT_STATE.tenant_id,
            workspace_id=ACCOUNT_STATE.workspace_id,
            sequence=6,
            request_id=request_id,
        )

    def _command(self, data: Event) -> None:
        event = self._asked(data)
        self._handle(lambda store: command_warmup(store, self.recorder, event))

    def _asked(self, data: Event) -> Recorded:
        request_id = self.ids.new()
        self.asked.add(request_id)
        return self._event(data, request_id)

    def _handle(self, handler: Any) -> None:
        """Handle an event, again and again until its transaction commits."""

        async def once() -> None:
            async with self.desk.transaction() as store:
                await handler(store)

        while True:
            with suppress(CommitLost):
                self._wait(once())
                return

    def _run(self, worker: Worker, job: Any) -> None:
        with suppress(CommitLost):
            self._wait(worker.run(job))

    def _wait(self, doing: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await doing

        return self.loop.run_until_complete(done())


Warmups.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestWarmups = Warmups.TestCase
