"""Accounts live three weeks in minutes, among kills, wrong clocks and an unreliable provider: every day is judged once."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import psutil
import pytest

from tests.reliability.fates import Fate, Turn, fates
from tests.reliability.histories import (
    History,
    broken_weeks,
    different,
    fingerprint,
    histories,
    judged_days,
    until,
)
from tests.reliability.spares import spares
from tests.reliability.turmoil import VICTIMS, Killer, SharedClock
from tests.reliability.weeks import JUMPS, Weeks
from tests.support.callers import Caller
from tests.support.engines import scratch_folder
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

ACCOUNTS = int(os.environ.get("MAILWRIGHT_TEST_WEEKS", "48"))
"""The full size, measured in docs/warmup.md, is 1000."""
IS_FULL = ACCOUNTS >= 500
DAYS, SEED = 21, 23
FEWER, FEWER_DAYS = (100, DAYS) if IS_FULL else (12, 4)
WITHIN_SECONDS = 600.0
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": "1500",
    "MAILWRIGHT_SAGA_LEASE_SECONDS": "4",
    "MAILWRIGHT_WARMUP_LEASE_SECONDS": "4",
    "MAILWRIGHT_SWEEP_SECONDS": "[1, 3]",
    "MAILWRIGHT_INSTANTLY_REQUESTS_PER_SECOND": "1000",
    "MAILWRIGHT_AGENTMAIL_REQUESTS_PER_SECOND": "1000",
    # So few moments of a day that those judged at one fill a question to the provider.
    "MAILWRIGHT_WARMUP_SLOTS": "10" if IS_FULL else "2",
}


@dataclass
class Lived:
    """What a run left, and what it took."""

    told: dict[str, History]
    broken: Sequence[str]
    kills: Counter[str]
    jumps: Counter[str]
    seconds: float


@pytest.fixture(scope="module")
async def runs() -> tuple[Lived, Lived]:
    """All accounts for three weeks, and the first of them for some days on a stack where nothing is killed."""
    whole = weeks_of(fates(SEED, ACCOUNTS), DAYS, kill_seed=1)
    part = weeks_of(fates(SEED, FEWER), FEWER_DAYS)
    if IS_FULL:  # what is timed has the machine to itself
        return await whole, await part
    return await asyncio.gather(whole, part)


@pytest.fixture
def three_weeks(runs: tuple[Lived, Lived]) -> Lived:
    return runs[0]


@pytest.fixture
def undisturbed(runs: tuple[Lived, Lived]) -> Lived:
    return runs[1]


async def weeks_of(lived: Sequence[Fate], days: int, *, kill_seed: int | None = None) -> Lived:
    """Let these accounts live so many days on a stack of their own; services are killed if there is a seed for it."""
    started = time.monotonic()
    with scratch_folder("weeks") as folder:
        clock = SharedClock(folder / "shift")
        env = {**SETTINGS, "MAILWRIGHT_CLOCK_SHIFT_FILE": str(folder / "shift")}
        async with running_stack(env=env) as stack, Caller(stack, patience_seconds=120.0) as caller:
            database = await asyncpg.connect(stack.database_url)
            try:
                weeks = Weeks(stack, clock, caller, database, SEED, {}, Counter())
                kills: Counter[str] = Counter()
                async with AsyncExitStack() as trouble:
                    if kill_seed is not None:
                        kills = await trouble.enter_async_context(_killing(stack, kill_seed))
                    await weeks.begin(lived)
                    await weeks.live(lived, days)
                evidence = await check_invariants(stack, caller.answers)
                judged = await judged_days(database)
                return Lived(
                    histories(evidence, judged, weeks.anchor),
                    list(broken_weeks(evidence, judged, lived, days)),
                    kills,
                    weeks.jumps,
                    time.monotonic() - started,
                )
            finally:
                await database.close()


@asynccontextmanager
async def _killing(stack: RunningStack, seed: int) -> AsyncIterator[Counter[str]]:
    """Give warmup a second replica and kill both, and the other services, at random moments; yields the kills."""
    environment = psutil.Process(stack.pids["warmup"]).environ()
    log = stack.data_dir / "logs" / "spares.log"
    every = (4.0, 9.0) if IS_FULL else (3.0, 6.0)
    async with spares(("warmup",), environment, log) as keeper, Killer(stack, keeper, seed, every) as killer:
        yield killer.kills


@pytest.mark.promise("R24", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I12")
def test_every_account_is_judged_once_on_every_due_day(three_weeks: Lived) -> None:
    assert not three_weeks.broken, "\n".join([f"{len(three_weeks.broken)} broken:", *three_weeks.broken[:20]])
    assert not IS_FULL or three_weeks.seconds < WITHIN_SECONDS


def test_the_three_weeks_were_not_quiet_ones(three_weeks: Lived) -> None:
    assert set(three_weeks.kills) == set(VICTIMS)
    assert three_weeks.kills.total() >= 10
    assert three_weeks.jumps["noon"] >= 2
    assert all(three_weeks.jumps[jump] >= DAYS // len(JUMPS) for jump in JUMPS if jump != "none")
    assert {fate.turn for fate in fates(SEED, ACCOUNTS)} == set(Turn)


@pytest.mark.promise("R24")
def test_the_same_seed_gives_the_same_histories_whatever_is_killed_when(
    three_weeks: Lived, undisturbed: Lived
) -> None:
    assert not undisturbed.broken
    same = {fate.address: until(three_weeks.told[fate.address], FEWER_DAYS) for fate in fates(SEED, FEWER)}
    assert not list(different(undisturbed.told, same))
    assert fingerprint(undisturbed.told) == fingerprint(same)
