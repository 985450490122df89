"""Topics are made on purpose, with their partitions, and never re-keyed."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts.envelope import ACCOUNTS, TOPICS
from shared.errors import Retryable
from shared.messaging.broker import KafkaSettings, build_producer
from shared.messaging.topics import TopicMismatch, create_topics
from tests.support.kafka_engines import KafkaEngine
from tests.support.kafka_state import admin_of


async def test_creating_topics_twice_is_safe(broker: KafkaEngine) -> None:
    kafka = broker.settings

    assert await create_topics(kafka) == list(TOPICS)
    assert await create_topics(kafka) == []

    async with admin_of(kafka) as admin:
        described = await admin.describe_topics(list(TOPICS))
    assert {len(topic["partitions"]) for topic in described} == {kafka.partitions}


@pytest.mark.parametrize("change", [-1, 1])
async def test_another_partition_count_is_refused(kafka: KafkaSettings, change: int) -> None:
    with pytest.raises(TopicMismatch):
        await create_topics(kafka.model_copy(update={"partitions": kafka.partitions + change}))


async def test_a_broker_that_is_away_is_told_in_time(broker: KafkaEngine) -> None:
    broker.stop()

    with pytest.raises(Retryable) as caught:
        await create_topics(broker.settings, timeout_seconds=1.0)

    assert caught.value.code == "broker_unreachable"


@pytest.mark.parametrize("broker", ["kafka"], indirect=True)  # the embedded one takes what it is sent
async def test_no_topic_appears_by_itself(broker: KafkaEngine) -> None:
    producer = build_producer(broker.settings, client_id="probe")
    await producer.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await producer.send_and_wait(ACCOUNTS, b"x", partition=0)
    await producer.stop()

    async with admin_of(broker.settings) as admin:
        assert ACCOUNTS not in await admin.list_topics()
