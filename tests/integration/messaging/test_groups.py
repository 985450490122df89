"""Several replicas of one consumer: they share the work, come and go, and together handle every event once, in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.support.eventually import eventually
from tests.support.sides import Side


@pytest.mark.promise("R21")
# The embedded broker sometimes never answers a join again once members of a group came and went at the same time.
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_replicas_that_join_and_leave_handle_every_event_once_and_in_order(
    idle_sides: tuple[Side, Side],
) -> None:
    producer, reader = idle_sides
    done = asyncio.Event()

    async def record() -> None:
        for start in range(0, 600, 20):
            await producer.record(range(start, start + 20))
            await asyncio.sleep(0.3)
        done.set()

    recording = asyncio.create_task(record())
    async with producer.consuming(), reader.consuming():
        while not done.is_set():
            async with AsyncExitStack() as replicas:
                await replicas.enter_async_context(reader.consuming())
                await asyncio.sleep(1.5)
                await replicas.enter_async_context(reader.consuming())
                await asyncio.sleep(1.5)
        await recording

        await eventually(lambda: reader.has_handled(600), within=30)
