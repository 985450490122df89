"""A provider so slow that the work on a batch outlasts its lease: it stays with its worker and is done once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from services.warmup.domain.policies import PUFFLE
from services.warmup.handlers.enable_warmups import Batch, EnableWarmups
from services.warmup.handlers.judge_day import JudgeDay
from services.warmup.handlers.tools import Tools
from services.warmup.store import Desk
from shared.db.leased_work import LeasedWorker
from shared.db.leases import KeptLeases
from tests.integration.warmup.bench import Bench
from tests.support.eventually import eventually

LEASE_SECONDS, LOOK_SECONDS, ACCOUNTS = 1.5, 0.5, 30
"""With eight looks at a time, a batch takes longer than a lease lasts."""


@asynccontextmanager
async def working(bench: Bench, kind: type[EnableWarmups | JudgeDay]) -> AsyncIterator[None]:
    """Let a process of its own, with leases of its own, do one kind of work."""
    desk = Desk(bench.pool, bench.recorder, bench.recorder.ids, lease_seconds=LEASE_SECONDS)
    leases = KeptLeases(desk, LEASE_SECONDS)
    handler = kind(Tools(desk, leases, bench.provider, bench.recorder, bench.schedule, PUFFLE, lambda: None))
    worker = LeasedWorker[Batch]("test", handler.claim, handler.run, concurrency=2, poll_seconds=0.1)
    tasks = [asyncio.create_task(worker.run()), asyncio.create_task(leases.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await leases.give_back()


async def all_have(bench: Bench, accounts: list[UUID], fact: str) -> bool:
    return {told.subject for told in await bench.told() if told.name == fact} >= set(accounts)


def look_slowly(bench: Bench) -> int:
    """Let every look at a sender take its time from now on; return how many there were before."""
    bench.sim.fault("instantly", "accounts.get", "slow", delay_seconds=LOOK_SECONDS)
    return len(bench.sim.calls("accounts.get"))


@pytest.mark.promise("R04")
async def test_looks_at_what_a_dead_worker_left_outlast_the_lease(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"ada{number}") for number in range(ACCOUNTS)]
    assert await bench.enable.claim(1)
    await bench.pool.execute("update warmup set leased_until = now() - interval '1 s'")
    before = look_slowly(bench)

    async with working(bench, EnableWarmups), working(bench, EnableWarmups):
        await eventually(lambda: all_have(bench, accounts, "started"), every=0.1)

    assert len(bench.sim.calls("accounts.get")) - before == ACCOUNTS
    assert bench.enable_calls() == 1


@pytest.mark.promise("R24", "I12")
async def test_judging_a_batch_outlasts_the_lease(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"ada{number}") for number in range(ACCOUNTS)]
    await bench.attempt()
    await bench.confirm()
    bench.sim.advance(1)
    bench.clock.pass_seconds(86_400)
    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now())
    before = look_slowly(bench)

    async with working(bench, JudgeDay), working(bench, JudgeDay):
        await eventually(lambda: all_have(bench, accounts, "day_recorded"), every=0.1)

    assert len(bench.sim.calls("accounts.get")) - before == ACCOUNTS
    assert len(bench.sim.calls("warmup.analytics")) == 1
    for each in accounts:
        assert (await bench.facts(each)).count("day_recorded") == 1
