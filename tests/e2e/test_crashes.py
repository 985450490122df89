"""What the supervisor does about parts that crash, and about one that only waits for its operator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from mailwright.ports import answers_ok
from mailwright.rolling import restart
from tests.support.eventually import eventually
from tests.support.stack import PARTS, RunningStack, running_stack


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[RunningStack]:
    """One stack for the whole file: each test waits until what it hurt is back."""
    async with running_stack() as running:
        yield running


@pytest.mark.parametrize("part", sorted(PARTS))
async def test_a_crashed_part_is_started_again_and_said_so(stack: RunningStack, part: str) -> None:
    before = stack.kill(part)

    await eventually(lambda: f"{part} is back" in stack.said, within=60)
    assert stack.pids[part] != before
    assert any(line.startswith(f"{part} was killed by SIGKILL; starting it again in") for line in stack.said)
    gateway = int(stack.base_url.rsplit(":", 1)[1])
    assert await eventually(lambda: answers_ok(gateway, "/health/live"))


@pytest.mark.promise("R18")
async def test_a_halted_service_is_started_and_said_and_not_started_again_and_again(
    stack: RunningStack,
) -> None:
    came_back = stack.said.count("warmup is back")
    database = await asyncpg.connect(stack.database_url)
    await database.execute("insert into warmup.consumer_halt (reason) values ('a test')")

    stack.kill("warmup")
    await eventually(
        lambda: any(line.startswith("warmup: Nothing is consumed") for line in stack.said), within=30
    )
    halted: list[str] = []
    await restart(stack.data_dir, ["warmup"], halted.append)
    assert halted[0].startswith("warmup is new and halted")
    await database.execute("delete from warmup.consumer_halt")
    await eventually(lambda: answers_ok(stack.ports["warmup"], "/health/ready"))

    await database.close()
    await eventually(lambda: stack.said.count("warmup is back") >= came_back + 2)
    assert stack.said.count("warmup is back") == came_back + 2
