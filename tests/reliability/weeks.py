"""Weeks that pass in minutes: time moved for every process of a stack, the provider's days with it, and trouble on each."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from tests.reliability.fates import DOMAIN, STOPS, VERDICTS, Fate, Turn
from tests.reliability.load import arm, disarm
from tests.reliability.turmoil import SharedClock
from tests.support.callers import Caller
from tests.support.eventually import eventually
from tests.support.stack import RunningStack

JUDGED = "(status = 'warming' and is_confirmed or status = 'graduated')"
NEXT = f"select min(due_at) from warmup.warmup where {JUDGED}"
LEFT = f"select count(*) from warmup.warmup where {JUDGED} and due_at <= $1"
SINCE = "select count(*) from warmup.warmup_day where day = $1"
HELD = "select count(*) from warmup.warmup where leased_until > now()"
COMMANDED = "select count(*) from warmup.command where started_at is not null"
UNCONFIRMED = "select count(*) from warmup.warmup where status = 'warming' and not is_confirmed"
UNSETTLED = """
    select count(*) from warmup.warmup where status = 'starting' or status = 'warming' and not is_confirmed
        or status = 'not_started' and address not like 'fail-%'
"""
TROUBLE: tuple[dict[str, Any], ...] = (
    {"operation": "warmup.analytics", "kind": "status", "status": 500, "times": 1},
    {"operation": "accounts.get", "kind": "status", "status": 502, "probability": 0.04},
    {"operation": "warmup.analytics", "kind": "drop", "when": "after", "times": 2},
    {"operation": "accounts.get", "kind": "drop", "probability": 0.03},
    {"operation": "warmup.analytics", "kind": "malformed", "times": 1},
    {"operation": "warmup.analytics", "kind": "status", "status": 429, "retry_after": 1, "times": 1},
    {"operation": "accounts.get", "kind": "malformed", "probability": 0.02},
)
"""What the provider does while days are judged; two of these on each."""
LOCKS: tuple[dict[str, Any], ...] = (
    {"operation": "warmup.disable", "kind": "status", "status": 409, "probability": 0.4},
    {"operation": "warmup.enable", "kind": "status", "status": 409, "probability": 0.4},
    {"operation": "warmup.disable", "kind": "drop", "when": "after", "times": 1},
)
"""Another job runs at the provider, again and again; and a call that is obeyed is not answered."""
JUMPS = ("none", "back", "ahead", "midnight")
"""What the clock does on days in turn: an hour back while days are judged, an hour ahead, ahead into the next day and back."""
HOUR = timedelta(hours=1)
_MOMENT = timedelta(seconds=10)
_AT_ONCE = 40
_STEP_WITHIN_SECONDS = 90.0


@dataclass
class Weeks:
    """A stack's accounts and their days; `ids` are theirs by address."""

    stack: RunningStack
    clock: SharedClock
    caller: Caller
    database: asyncpg.Connection[asyncpg.Record]
    seed: int
    ids: dict[str, UUID]
    jumps: Counter[str]

    @property
    def anchor(self) -> datetime:
        """The instant at which day 0 began."""
        return datetime.fromisoformat(json.loads((self.stack.data_dir / "clock.json").read_text())["anchor"])

    async def begin(self, lived: Sequence[Fate]) -> None:
        """Make the accounts and see every warmup begin, or refused, on day 0."""
        domain_id = await self.caller.verified_domain(DOMAIN)
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(fate: Fate) -> None:
            async with at_once:
                answer = await self.caller.account(fate.name, domain_id, DOMAIN)
            assert answer.subject is not None, f"{fate.address}: {answer.status}"
            self.ids[fate.address] = answer.subject

        await self._armed(LOCKS[1:2])
        await asyncio.gather(*map(one, lived))
        await eventually(self._all_settled, within=2 * _STEP_WITHIN_SECONDS)
        await disarm(self.stack)

    async def live(self, lived: Sequence[Fate], days: int) -> None:
        """Let days pass one after another: each is judged in its first hours, and its turns come at noon."""
        for day in range(1, days + 1):
            await self._provider_day()
            chance = random.Random(f"{self.seed}:day {day}")
            await self._armed({**fault, "seed": day} for fault in chance.sample(TROUBLE, 2))
            await self._judged(day)
            await disarm(self.stack)
            self.clock.move_to(self._start_of(day) + 12 * HOUR)
            await self._turn(lived, day)

    async def _judged(self, day: int) -> None:
        """Go from one due moment to the next until noon, each time until nothing is left that is due."""
        jump, noon = JUMPS[day % len(JUMPS)], self._start_of(day) + 12 * HOUR
        if jump == "midnight":
            await self._set_wrong(day, jump)
        is_wrong_yet = jump in {"none", "midnight"}
        while (due := await self.database.fetchval(NEXT)) is not None and due < noon:
            self.clock.move_to(due)
            if not is_wrong_yet:
                await self._set_wrong(day, jump)
                is_wrong_yet = True
            else:
                await eventually(partial(self._none_left, due), within=_STEP_WITHIN_SECONDS, every=0.03)

    async def _set_wrong(self, day: int, jump: str) -> None:
        """Set the clock wrong while accounts are judged; an hour that is not its own is taken back when nobody is at work."""
        if jump == "midnight":
            self.clock.move_to(self._start_of(day) - HOUR + _MOMENT)
            self.clock.jump(HOUR)
        await eventually(partial(self._some_judged, day), within=_STEP_WITHIN_SECONDS, every=0.005)
        if jump != "midnight":
            self.clock.jump(HOUR if jump == "ahead" else -HOUR)
        if jump != "ahead":
            await eventually(self._none_held, within=_STEP_WITHIN_SECONDS)
            self.clock.jump(HOUR if jump == "back" else -HOUR)
        self.jumps[jump] += 1

    async def _turn(self, lived: Sequence[Fate], day: int) -> None:
        """Let happen at noon what happens to accounts on this day."""
        for fate in lived:
            if fate.turn in VERDICTS and fate.on_day == day:
                await self._verdict(fate)
        stopped = [fate for fate in lived if fate.turn in STOPS and fate.on_day == day]
        resumed = [fate for fate in lived if fate.turn is Turn.REST and fate.until_day == day]
        if not stopped and not resumed:
            return
        await self._armed({**fault, "seed": day} for fault in LOCKS)
        asking = asyncio.gather(
            *(self._command(fate, "disable" if fate.turn is Turn.DISABLE else "pause", STOPS[fate.turn]) for fate in stopped),
            *(self._command(fate, "resume", "warming") for fate in resumed),
        )  # fmt: skip
        await self._set_wrong_while(asking, HOUR if day % 2 else -HOUR)
        await asking
        await eventually(self._all_settled, within=2 * _STEP_WITHIN_SECONDS)
        await disarm(self.stack)

    async def _set_wrong_while(self, asking: asyncio.Future[Any], by: timedelta) -> None:
        """Set the clock wrong while commands are carried out, which an hour more makes late and an hour less puts off."""
        await eventually(partial(self._commanded, asking), within=_STEP_WITHIN_SECONDS, every=0.005)
        self.clock.jump(by)
        if by < timedelta(0):
            await eventually(self._none_held, within=_STEP_WITHIN_SECONDS)
            self.clock.jump(-by)
        self.jumps["noon"] += 1

    async def _command(self, fate: Fate, command: str, wanted: str) -> None:
        """Ask until it is as wanted: one that came to nothing changed nothing."""
        account_id = self.ids[fate.address]

        async def is_done() -> bool:
            await self.caller.command_warmup(account_id, fate.address, command)
            got = await self.caller.ask("GET", f"/api/email/accounts/{account_id}")
            return got is not None and got.json()["account"]["warmup_status"] == wanted

        await eventually(is_done, within=2 * _STEP_WITHIN_SECONDS, every=0.2, what=f"{fate} is {wanted}")

    async def _verdict(self, fate: Fate) -> None:
        async with self._simulator() as simulator:
            verdict = {"email": fate.address, "warmup_status": VERDICTS[fate.turn]}
            assert (await simulator.post("/_sim/warmup", json=verdict)).status_code == 200

    async def _provider_day(self) -> None:
        async with self._simulator() as simulator:
            assert (await simulator.post("/_sim/clock", json={"advance_days": 1})).status_code == 200

    async def _armed(self, faults: Iterable[dict[str, Any]]) -> None:
        await arm(self.stack, [{"provider": "instantly", **fault} for fault in faults])

    def _simulator(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.stack.simulator_url, trust_env=False, timeout=30.0)

    def _start_of(self, day: int) -> datetime:
        return self.anchor + timedelta(days=day)

    async def _none_left(self, at: datetime) -> bool:
        return not await self.database.fetchval(LEFT, at)

    async def _some_judged(self, day: int) -> bool:
        return bool(await self.database.fetchval(SINCE, day))

    async def _commanded(self, asking: asyncio.Future[Any]) -> bool:
        return asking.done() or bool(await self.database.fetchval(COMMANDED))

    async def _none_held(self) -> bool:
        return not await self.database.fetchval(HELD)

    async def _all_settled(self) -> bool:
        """Say whether every warmup that is to go on does; a start that came to nothing is tried again a while later.

        That may be so after a resumption too: where the clock leapt meanwhile, an hour seems to have passed without it.
        """
        if not await self.database.fetchval(UNSETTLED):
            return True
        if not await self.database.fetchval(UNCONFIRMED) and await self._none_held():
            self.clock.jump(timedelta(seconds=20))
        return False
