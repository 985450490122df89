"""Several replicas of one consumer: they share the work, come and go, and together handle every event once, in order."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import pytest

from shared.contracts.envelope import ACCOUNTS
from shared.messaging.broker import KafkaSettings, build_admin
from tests.support.eventually import eventually
from tests.support.sides import Side


@pytest.mark.promise("R21")
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

        await eventually(lambda: reader.has_handled(600))


@pytest.mark.promise("R21")
async def test_a_consumer_that_stops_leaves_its_group_only_where_the_broker_bears_it(
    idle_sides: tuple[Side, Side],
) -> None:
    producer, reader = idle_sides
    async with producer.consuming(), reader.consuming(), reader.consuming():
        await producer.record(range(10))
        await eventually(lambda: reader.has_handled(10))

    assert bool(await _members("mailwright.reader", reader.kafka)) is not reader.kafka.leave_group


async def _members(group: str, kafka: KafkaSettings) -> int:
    admin = build_admin(kafka)
    await admin.start()
    try:
        [answer] = await admin.describe_consumer_groups([group])
        [(_error, _group, _state, _type, _protocol, members, *_)] = answer.groups
        return len(members)
    finally:
        await admin.close()


_MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

async def join(bootstrap, group, topic):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, session_timeout_ms=22000,
                                enable_auto_commit=False, partition_assignment_strategy=[StickyPartitionAssignor])
    await consumer.start()
    print("joined", flush=True)
    await asyncio.Event().wait()

asyncio.run(join(*sys.argv[1:]))
"""


@pytest.mark.promise("R21")
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_killed_members_partitions_are_taken_over_when_its_session_ends(
    idle_sides: tuple[Side, Side],
) -> None:
    producer, reader = idle_sides
    reader.kafka = reader.kafka.model_copy(update={"session_timeout_ms": 22_000})
    arguments = (sys.executable, "-c", _MEMBER, reader.kafka.bootstrap, "mailwright.reader", ACCOUNTS)
    member = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert member.stdout is not None
    assert await member.stdout.readline() == b"joined\n"
    member.kill()
    await member.wait()

    await producer.record(range(10))
    async with reader.consuming():
        await eventually(lambda: reader.has_handled(10))
