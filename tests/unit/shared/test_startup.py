"""A condition of the start: looked at until it is met, said once, and nothing begins before it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from shared import startup
from shared.errors import Retryable
from shared.startup import Condition
from tests.support.eventually import eventually


class Thing:
    """What is looked at."""

    def __init__(self) -> None:
        self.trouble: str | Exception | None = "It is not there."
        self.looks = 0
        self.can_be_seen = asyncio.Event()
        self.can_be_seen.set()

    async def check(self) -> str | None:
        self.looks += 1
        await self.can_be_seen.wait()
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return self.trouble


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setattr(startup, "LOOK_SECONDS", 0.001)
    with structlog.testing.capture_logs() as captured:
        yield captured  # type: ignore[misc]


async def test_work_begins_when_it_is_met_and_each_trouble_is_said_once(lines: list[dict[str, str]]) -> None:
    thing, began = Thing(), asyncio.Event()

    async def work() -> None:
        began.set()

    condition = Condition("thing", thing.check)
    tasks = [asyncio.create_task(condition.run()), asyncio.ensure_future(condition.then(work)())]
    await eventually(lambda: thing.looks > 3)
    assert not began.is_set()
    thing.trouble = LookupError("secret")
    await eventually(lambda: condition.trouble == "The thing cannot be checked (LookupError).")
    thing.trouble = None
    await asyncio.wait_for(began.wait(), 5)

    assert not tasks[0].done(), "a task that ends counts as dead"
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [(line["event"], line.get("trouble")) for line in lines] == [
        ("waiting_to_start", "It is not there."),
        ("waiting_to_start", "The thing cannot be checked (LookupError)."),
        ("found_ready", None),
    ]


async def test_calls_share_one_look_and_are_let_in_as_soon_as_it_is_met() -> None:
    thing = Thing()
    thing.can_be_seen.clear()
    condition = Condition("thing", thing.check)
    calls = [asyncio.create_task(condition.require()) for _ in range(5)]
    await eventually(lambda: thing.looks)
    thing.can_be_seen.set()
    refused = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(each) for each in refused] == [Retryable] * 5
    assert thing.looks == 1
    thing.trouble = None
    await condition.require()


async def test_after_the_start_it_tells_how_things_are_and_holds_nobody_back() -> None:
    thing = Thing()
    thing.trouble = None
    condition = Condition("thing", thing.check)
    assert await condition.look() is None
    thing.trouble = "It went away."

    assert await condition.now() == "It went away."
    assert await condition.last() is None
    await condition.require()
