"""What a broker remembers, taken away from it or read back as it lies there: topics, groups with their offsets, records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from shared.contracts.envelope import TOPICS
from shared.messaging.broker import KafkaSettings, build_admin
from tests.support.eventually import eventually

_NON_EMPTY_GROUP = 68
_GROUP_ID_NOT_FOUND = 69
_GONE_BEFORE = {0, 3}  # done, or no such topic


@asynccontextmanager
async def admin_of(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client that is connected."""
    admin = build_admin(settings)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def delete_topics(settings: KafkaSettings) -> None:
    """Delete Mailwright's topics with their records and with every group's offsets in them."""
    async with admin_of(settings) as admin:
        response = await admin.delete_topics(list(TOPICS))
        for name, code in response.topic_error_codes:
            if code not in _GONE_BEFORE:
                raise for_code(code)(name)


async def delete_group(settings: KafkaSettings, group: str) -> None:
    """Delete a group with its committed offsets, as a broker does by itself when they expire; waits until it is empty."""
    async with admin_of(settings) as admin:
        node = await admin.find_coordinator(group)

        async def is_deleted() -> bool:
            response = await admin._send_request_to_node(node, DeleteGroupsRequest([group]))
            ((_, code),) = response.results
            if code not in {0, _NON_EMPTY_GROUP, _GROUP_ID_NOT_FOUND}:
                raise for_code(code)(group)
            return bool(code != _NON_EMPTY_GROUP)

        await eventually(is_deleted, what=f"{group} has no members")


async def forget_mailwright(settings: KafkaSettings) -> None:
    """Leave nothing of an earlier test on a broker that outlives it."""
    await delete_topics(settings)
    async with admin_of(settings) as admin:
        groups: list[str] = []

        async def has_told_groups() -> bool:
            try:
                groups[:] = [group for group, _ in await admin.list_consumer_groups()]
            except GroupLoadInProgressError:  # it has just been started
                return False
            return True

        await eventually(has_told_groups, what="the broker tells its groups")
        await eventually(lambda: _no_topics(admin), what="the topics are gone")
    for group in groups:
        if group.startswith("mailwright."):
            await delete_group(settings, group)


async def _no_topics(admin: AIOKafkaAdminClient) -> bool:
    return not set(await admin.list_topics()) & set(TOPICS)


async def records_of(settings: KafkaSettings, topic: str) -> list[dict[str, str]]:
    """Return the headers of every record of a topic as they lie on the broker, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[dict[str, str]] = []
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                batch = await consumer.getmany(partition, timeout_ms=200)
                found += [
                    {name: value.decode() for name, value in record.headers}
                    for record in batch.get(partition, [])
                ]
        return found
    finally:
        await consumer.stop()
