"""A broker that goes away, forgets everything, or only what a group had read: nothing is lost, nothing handled twice."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from shared.contracts.envelope import ACCOUNTS
from shared.messaging.broker import KafkaSettings
from tests.support.eventually import eventually
from tests.support.kafka_engines import KafkaEngine
from tests.support.kafka_state import delete_group, delete_topics
from tests.support.sides import Side

OUTAGE_SECONDS = 20


@pytest.mark.promise("R05")
async def test_a_long_outage_under_recording_loses_nothing(
    sides: tuple[Side, Side], broker: KafkaEngine
) -> None:
    producer, reader = sides
    await producer.record(range(20))
    await eventually(lambda: reader.has_handled(20))

    broker.stop()
    for second in range(OUTAGE_SECONDS):
        await producer.record(range(20 + 10 * second, 30 + 10 * second))
        await asyncio.sleep(1.0)
    broker.start()

    total = 20 + 10 * OUTAGE_SECONDS
    await eventually(lambda: reader.has_handled(total))
    await producer.record(range(total, total + 20))
    await eventually(lambda: reader.has_handled(total + 20))


@pytest.mark.promise("R06")
async def test_a_broker_that_comes_back_empty_loses_nothing(
    sides: tuple[Side, Side], broker: KafkaEngine
) -> None:
    producer, reader = sides
    await producer.record(range(50))
    await eventually(lambda: reader.has_handled(50))

    broker.erase()
    await producer.record(range(50, 100))
    broker.start()
    await producer.record(range(100, 120))

    await eventually(lambda: reader.has_handled(120))


@pytest.mark.promise("R06")
@pytest.mark.parametrize(
    "broker", ["kafka"], indirect=True
)  # the embedded one cannot make a deleted topic again
async def test_topics_deleted_under_running_services_are_made_again(
    sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, reader = sides
    await producer.record(range(50))
    await eventually(lambda: reader.has_handled(50))

    await delete_topics(kafka)
    await producer.record(range(50, 100))

    await eventually(lambda: reader.has_handled(100))


@pytest.mark.promise("R06", "R08")
async def test_expired_offsets_repeat_everything_and_nothing_is_handled_twice(
    idle_sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, reader = idle_sides
    async with reader.consuming():
        await producer.record(range(50))
        await eventually(lambda: reader.has_handled(50))

    await delete_group(kafka, "mailwright.reader")
    await producer.record(range(50, 60))
    before = _duplicates()

    async with reader.consuming():
        await eventually(lambda: reader.has_handled(60))
    assert _duplicates() >= before + 50, "nothing was delivered again: the offsets were still there"


def _duplicates() -> float:
    labels = {"topic": ACCOUNTS, "outcome": "duplicate"}
    return REGISTRY.get_sample_value("mailwright_events_consumed_total", labels) or 0.0
