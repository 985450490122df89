"""The warmup service taken apart: its handlers and workers called one step at a time, on a clock the test moves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.warmup.domain.policies import PUFFLE, Policy
from services.warmup.domain.schedule import Schedule
from services.warmup.handlers.enable_warmups import EnableWarmups
from services.warmup.handlers.follow_warmup import FollowWarmup
from services.warmup.handlers.hold_warmups import HoldWarmups
from services.warmup.handlers.judge_day import JudgeDay
from services.warmup.handlers.run_commands import RunCommands
from services.warmup.handlers.tools import Tools
from services.warmup.ports import WarmupProvider
from services.warmup.providers.instantly import Instantly
from services.warmup.store import Desk
from services.warmup.subscribers import warmup_handlers
from shared.clock import Calendar, RandomIds
from shared.contracts.accounts import (
    AccountDeleting,
    AccountProvisioned,
    AccountState,
    AccountStatus,
    Failure,
    Plan,
)
from shared.contracts.domains import DomainFailed, DomainState, DomainStatus, DomainVerified
from shared.contracts.envelope import ACCOUNTS, Event, Received, Recorded
from shared.contracts.requests import Caller, Dialect
from shared.contracts.threads import MessageFact
from shared.contracts.warmups import (
    WarmupDisableRequested,
    WarmupPauseRequested,
    WarmupResumeRequested,
    WarmupRetryRequested,
)
from shared.db.leases import KeptLeases
from shared.db.pool import Pool
from shared.messaging.dispatch import dispatch
from shared.messaging.recorder import Recorder
from tests.contract.events.samples import MESSAGE_STATE, THREAD_STATE
from tests.support.simulator import Simulated
from tests.support.told import Told, answer_to, facts_of, told_by

TENANT, WORKSPACE, USER = UUID(int=1), UUID(int=2), UUID(int=3)
DOMAIN = UUID(int=9)
LOST = "The domain lost records that it needs: MX myagentmail.com is missing."
ANCHOR = datetime(2026, 3, 1, tzinfo=UTC)
CALLER = Caller(tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, key_id="key", dialect=Dialect.PUFFLE)


class MovableClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.instant = ANCHOR + timedelta(hours=1)

    def now(self) -> datetime:
        return self.instant

    def pass_seconds(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class Bench:
    """The parts of the service over one database and one simulated provider."""

    def __init__(self, pool: Pool, sim: Simulated, provider: Instantly) -> None:
        self.pool, self.sim = pool, sim
        self.provider: WarmupProvider = provider
        self.clock = MovableClock()
        self.recorder = Recorder(self.clock, RandomIds())
        self.schedule = Schedule(calendar=Calendar(ANCHOR), jitter=lambda _, longest: longest)
        desk = Desk(pool, self.recorder, self.recorder.ids, lease_seconds=20.0)
        self.desk = desk
        self.follow_policy(PUFFLE)

    def follow_policy(self, policy: Policy) -> None:
        """Judge by another policy from now on."""
        tools = Tools(
            self.desk,
            KeptLeases(self.desk, 20.0),
            self.provider,
            self.recorder,
            self.schedule,
            policy,
            lambda: None,
        )
        self.enable, self.follow, self.judge = EnableWarmups(tools), FollowWarmup(tools), JudgeDay(tools)
        self.commands, self.holds = RunCommands(tools), HoldWarmups(tools)

    def ask(self, provider: WarmupProvider) -> None:
        """Ask another provider from now on."""
        self.provider = provider
        self.follow_policy(PUFFLE)

    # --- what arrives

    async def provisioned(self, username: str, *, warmup: bool = True) -> UUID:
        """Let an account arrive whose sender exists at the provider; return its id, which is also its request's."""
        address = f"{username}@myagentmail.com"
        assert self.sim.inbox(username).status_code == 200
        assert self.sim.sender(address, self.sim.inbox_key(address)).status_code == 200
        account_id = RandomIds().new()
        await self.receive(
            AccountProvisioned(account=account_state(account_id, address, warmup=warmup)),
            account_id,
            sequence=6,
        )
        return account_id

    async def provisioned_again(self, account_id: UUID, address: str) -> None:
        """Let the fact that an account is provisioned arrive once more, or late."""
        await self.receive(
            AccountProvisioned(account=account_state(account_id, address)), account_id, sequence=6
        )

    async def going(
        self, account_id: UUID, fact: type[Any] = AccountDeleting, *, warmup: bool = True
    ) -> None:
        """Let an account go away on somebody's request."""
        state = account_state(account_id, "x@y.z", warmup=warmup)
        await self.receive(fact(account=state), account_id, sequence=7, request_id=RandomIds().new())

    async def ask_retry(
        self, account_id: UUID, *, caller: Caller = CALLER, request_id: UUID | None = None
    ) -> UUID:
        """Let a retry request arrive, a new one unless its id is given; return its id."""
        request_id = request_id or RandomIds().new()
        await self.receive(WarmupRetryRequested(caller=caller), account_id, request_id=request_id)
        return request_id

    async def command(
        self,
        name: str,
        account_id: UUID,
        *,
        reason: str | None = None,
        caller: Caller = CALLER,
        request_id: UUID | None = None,
    ) -> UUID:
        """Let a request to pause, resume or disable arrive, a new one unless its id is given; return its id."""
        request_id = request_id or RandomIds().new()
        request: Event
        if name == "pause":
            request = WarmupPauseRequested(caller=caller, reason=reason)
        elif name == "resume":
            request = WarmupResumeRequested(caller=caller)
        else:
            request = WarmupDisableRequested(caller=caller, reason=reason)
        await self.receive(request, account_id, request_id=request_id)
        return request_id

    async def domain_judged(self, version: int, *, is_verified: bool) -> None:
        """Let it be heard of the accounts' domain that it is verified, or is not any more; hold or release who is on it."""
        status = DomainStatus.VERIFIED if is_verified else DomainStatus.FAILED
        state = DomainState(
            domain_id=DOMAIN,
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            user_id=USER,
            dialect=Dialect.PUFFLE,
            domain="myagentmail.com",
            status=status,
            created_at=ANCHOR,
            updated_at=self.clock.now(),
            verified_at=ANCHOR,
            failure=None if is_verified else Failure(code="dns_lost", message=LOST),
        )
        fact = DomainVerified(domain=state) if is_verified else DomainFailed(domain=state)
        await self.receive(fact, DOMAIN, sequence=version)
        await self.hold()

    async def mailed(self, account_id: UUID, sent_at: datetime, *facts: type[MessageFact]) -> UUID:
        """Let it be heard of a message of an account's own, fact by fact; return its id."""
        message_id = RandomIds().new()
        for fact in facts:
            data = fact(
                thread=THREAD_STATE,
                message=MESSAGE_STATE.model_copy(
                    update={"message_id": message_id, "account_id": account_id, "sent_at": sent_at}
                ),
            )
            await self.receive(data, THREAD_STATE.thread_id, sequence=1)
        return message_id

    async def receive(
        self, data: Event, account_id: UUID, *, sequence: int | None = None, request_id: UUID | None = None
    ) -> None:
        event = Recorded(
            id=RandomIds().new(),
            subject=account_id,
            time=self.clock.now(),
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            data=data,
            sequence=sequence,
            request_id=request_id or account_id,
        )
        handle = dispatch(warmup_handlers(self.recorder))
        async with self.pool.acquire() as connection, connection.transaction():
            await handle(connection, [Received(event, "test", ACCOUNTS, 0, 1)])

    # --- what the service does

    async def work(self, limit: int = 8) -> int:
        """Carry on every attempt that is due now by one call; return how many calls' worth there was."""
        batches = await self.enable.claim(limit)
        await asyncio.gather(*(self.enable.run(batch) for batch in batches))
        return len(batches)

    async def attempt(self) -> None:
        """Carry attempts on, waits passing by themselves, until none is open; the provider's job takes real time."""
        while await self.open_attempts():
            await self.work()
            self.clock.pass_seconds(0.5)
            await asyncio.sleep(0.05)

    async def confirm(self) -> None:
        """Follow accepted enables until nothing is left to follow; the provider's job takes real time."""
        while await self.pool.fetchval(
            "select count(*) from warmup where status = 'warming' and not is_confirmed"
        ):
            for warmup in await self.follow.claim(100):
                await self.follow.run(warmup)
            self.clock.pass_seconds(0.1)
            await asyncio.sleep(0.01)

    async def look(self) -> int:
        """Follow once what is to be followed now; return how many warmups that were."""
        due = await self.follow.claim(8)
        await asyncio.gather(*(self.follow.run(each) for each in due))
        return len(due)

    async def obey(self) -> int:
        """Carry on every command that is due now by one step; return how many there were."""
        due = await self.commands.claim(8)
        await asyncio.gather(*(self.commands.run(each) for each in due))
        return len(due)

    async def obeyed(self) -> None:
        """Carry commands on, waits passing by themselves, until none is left; the provider's job takes real time."""
        while await self.pool.fetchval("select count(*) from command"):
            await self.obey()
            self.clock.pass_seconds(0.5)
            await asyncio.sleep(0.03)

    async def done(self, name: str, account_id: UUID) -> None:
        """Command something that succeeds, and see it through."""
        request = await self.command(name, account_id)
        await self.obeyed()
        await self.confirm()
        assert await self.outcomes(request) == [("done", None)]

    async def warming(self, username: str) -> UUID:
        """Let an account arrive and warm up to the confirmation."""
        account_id = await self.provisioned(username)
        await self.attempt()
        await self.confirm()
        return account_id

    async def not_started(self, username: str) -> UUID:
        """Let an account arrive whose first attempt the provider refuses, once."""
        account_id = await self.provisioned(username)
        fault = self.sim.fault(
            "instantly", "warmup.enable", "status", status=400, match=f"{username}@*", times=1
        )
        await self.work()
        self.sim.http.delete(f"/_sim/faults/{fault}")
        assert (await self.row(account_id))["status"] == "not_started"
        return account_id

    async def judge_days(self, days: int = 1) -> None:
        """Let days pass, here and at the provider, and judge each account once, at the time it is due."""
        for _ in range(days):
            self.sim.advance(1)
            await self.judge_until(self.clock.now() + timedelta(days=1))

    async def judge_until(self, end: datetime) -> None:
        """Judge what becomes due until an instant, at most once per due time, and leave the clock at the last of them."""
        rows = await self.pool.fetch(
            "select distinct due_at from warmup where due_at <= $1 and status in ('warming', 'graduated', 'paused') order by 1",
            end,
        )
        for row in rows:
            self.clock.instant = max(self.clock.instant, row["due_at"])
            await self.judge_due()

    async def judge_due(self) -> None:
        """Judge what is due now."""
        for batch in await self.judge.claim(2):
            await self.judge.run(batch)

    async def hold(self) -> None:
        """Hold or release the warmups whose domain has changed."""
        for warmup in await self.holds.claim(8):
            await self.holds.run(warmup)

    # --- what came of it

    async def calm_the_gate(self) -> None:
        """Let the provider's gate forget its failures, as it does when time passes."""
        await self.pool.execute("update providers.gate set failures = 0, blocked_until = '-infinity'")

    async def row(self, account_id: UUID) -> asyncpg.Record:
        row = await self.pool.fetchrow("select * from warmup where account_id = $1", account_id)
        assert row is not None
        return row

    async def open_attempts(self) -> int:
        return int(
            await self.pool.fetchval(
                "select count(*) from warmup where status = 'starting' or attempt_by is not null"
            )
        )

    async def told(self, account_id: UUID | None = None) -> list[Told]:
        return await told_by(self.pool, account_id)

    async def facts(self, account_id: UUID) -> list[str]:
        return [fact.name for fact in await facts_of(self.pool, account_id)]

    async def answers(self, *request_ids: UUID) -> list[dict[str, Any]]:
        return [await answer_to(self.pool, each) for each in request_ids]

    async def outcomes(self, *request_ids: UUID) -> list[tuple[str, str | None]]:
        return [(answer["outcome"], answer["code"]) for answer in await self.answers(*request_ids)]

    def enabled(self) -> list[str]:
        """Return the addresses for which the provider really turned warmup on, once per time."""
        return [entry["subject"] for entry in self.sim.ledger("warmup.enabled")]

    def disabled(self) -> list[str]:
        """Return the addresses for which the provider really turned warmup off, once per time."""
        return [entry["subject"] for entry in self.sim.ledger("warmup.disabled")]

    def disable_calls(self) -> int:
        return len(self.sim.calls("warmup.disable"))

    def enable_calls(self) -> int:
        return len(self.sim.calls("warmup.enable"))


def account_state(account_id: UUID, address: str, *, warmup: bool = True) -> AccountState:
    username, domain = address.split("@")
    return AccountState(
        account_id=account_id,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        user_id=USER,
        dialect=Dialect.PUFFLE,
        plan=Plan(steps=(), warmup=warmup),
        status=AccountStatus.PROVISIONED,
        address=address,
        username=username,
        domain_id=DOMAIN,
        domain=domain,
        created_at=ANCHOR,
        updated_at=ANCHOR,
    )
