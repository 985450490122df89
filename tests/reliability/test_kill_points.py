"""Every service is killed at every named point of its work, twice, under load; nothing is lost and nothing done twice."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import psutil
import pytest

from tests.reliability.load import Load
from tests.reliability.nemesis import Nemesis, registered_points
from tests.reliability.spares import spares
from tests.support.engines import scratch_folder
from tests.support.eventually import eventually
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

POINTS = registered_points()
KILLS = 2
IN_FLIGHT = 48
WITHIN_SECONDS = 800.0
"""A bound for slow machines; two quiet cores need less than a third of it."""
QUIET_WITHIN_SECONDS = 90.0
"""A look for a late effect that was killed is made again a minute later."""
CONVERSATIONS = 10
LONGER_SECONDS = 90.0
"""How long the load goes on after the last kill for what a fast run had no time for."""
DAY_SECONDS = 20.0
"""Short, because a day must end before it can be judged."""
SPARES = ("provisioner", "provisioner", "warmup", "threads")
"""Most points are theirs; a replica that is back in an instant lets the next one fire sooner."""
ARMED_AT_ONCE = {"provisioner": 6, "warmup": 3, "threads": 4}
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": "1500",
    "MAILWRIGHT_SAGA_LEASE_SECONDS": "4",
    "MAILWRIGHT_SWEEP_SECONDS": "[3, 8]",
    "MAILWRIGHT_SEND_LEASE_SECONDS": "3",
    "MAILWRIGHT_SEND_SETTLE_SECONDS": "4",
    # Mail that no webhook brought is looked for soon, and a webhook that was switched off is soon on again.
    "MAILWRIGHT_POLL_SECONDS": "8",
    "MAILWRIGHT_POLL_SECONDS_BESIDE_WEBHOOKS": "12",
    "MAILWRIGHT_WEBHOOK_CHECK_SECONDS": "2",
}


@pytest.mark.promise("R01", "R12", "R13", "R14", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")
async def test_a_kill_at_any_point_loses_and_duplicates_nothing() -> None:
    with scratch_folder("failpoints") as folder:
        nemesis = Nemesis(folder)
        async with doubled_stack(folder) as stack:
            async with Load(stack, in_flight=IN_FLIGHT) as load:
                await strike_everywhere(nemesis, load)
                await eventually(lambda: is_enough(load), within=LONGER_SECONDS)
            await check_invariants(stack, load.caller.answers, quiet_within=QUIET_WITHIN_SECONDS)
            assert_nothing_was_vacuous(nemesis, load, stack)


@asynccontextmanager
async def doubled_stack(folder: Path) -> AsyncIterator[RunningStack]:
    """A stack whose services have replicas beside them; all of them look for armed points in `folder`."""
    settings = {**SETTINGS, "MAILWRIGHT_FAILPOINTS_DIR": str(folder)}
    async with running_stack(day_seconds=DAY_SECONDS, env=settings) as stack:
        environment = psutil.Process(stack.pids["provisioner"]).environ()
        async with spares(SPARES, environment, stack.data_dir / "logs" / "spares.log"):
            yield stack


async def strike_everywhere(nemesis: Nemesis, load: Load) -> None:
    """Let the points of every service fire at the same time as the others', until all have or the time is up."""
    strikes = [
        asyncio.create_task(
            nemesis.strike(points, at_once=ARMED_AT_ONCE.get(service, 2), in_flight=lambda: load.in_flight)
        )
        for service, points in groups().items()
    ]
    _, unfinished = await asyncio.wait(strikes, timeout=WITHIN_SECONDS)
    for strike in unfinished:
        strike.cancel()
    nemesis.disarm()
    if failure := load.failed():
        raise failure


def groups() -> dict[str, list[str]]:
    """Every point as often as it is to fire, in a mixed order, by the process it kills (those of `shared` kill any)."""
    found: dict[str, list[str]] = {}
    for point in POINTS * KILLS:
        found.setdefault(point.partition(".")[0], []).append(point)
    order = random.Random(7)
    return {service: order.sample(points, len(points)) for service, points in found.items()}


def is_enough(load: Load) -> bool:
    """Say whether what depends on chance, and on time, has happened."""
    retries = answers_to(load, "retry")
    return answers_to(load, "converse")[200] >= CONVERSATIONS and bool(retries[200] and retries[502])


def answers_to(load: Load, kind: str) -> Counter[int | None]:
    """Return how often calls of a kind ended with each status so far."""
    return Counter(answer.status for answer in load.caller.answers if answer.kind == kind)


def assert_nothing_was_vacuous(nemesis: Nemesis, load: Load, stack: RunningStack) -> None:
    """A point that never fired, or a kind of account that was never asked for, proves nothing."""
    missing = {point: nemesis.fired[point] for point in POINTS if nemesis.fired[point] < KILLS}
    assert not missing, f"fired less than {KILLS} times: {missing}"
    assert median(nemesis.in_flight) >= 20, nemesis.in_flight
    for service in ("gateway", "provisioner", "warmup", "threads"):
        assert any(line.startswith(f"{service} was killed by SIGKILL") for line in stack.said), service
    ends = Counter(answer.shown["status"] for answer in load.caller.answers if answer.shown)
    assert all(ends[status] >= 10 for status in ("warming", "pending", "failed")), ends
    for command in ("pause", "resume", "disable"):
        assert any(answer.kind == command and answer.status == 200 for answer in load.caller.answers), command
    for command in ("change", "delete"):
        assert any(answer.kind == command and answer.status == 200 for answer in load.caller.answers), command
    names = [answer.address for answer in load.caller.answers if answer.kind == "inbox"]
    assert any(re.search(r"-\d+-\d+@", name) for name in names), f"no name gave way: {names}"
    assert any(answer.kind == "alias" and answer.status == 201 for answer in load.caller.answers)
    assert answers_to(load, "again").keys() == {409}, answers_to(load, "again")
    assert is_enough(load), (answers_to(load, "converse"), answers_to(load, "retry"))
