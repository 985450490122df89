"""What a broker remembers, taken away from it or read back as it lies there: topics, groups with their offsets, records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupLoadInProgressError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest, DescribeGroupsRequest_v2
from aiokafka.protocol.api import Request

from shared.contracts.envelope import TOPICS
from shared.messaging.broker import KafkaSettings, build_admin
from tests.support.eventually import eventually

Assignment = frozenset[tuple[str, frozenset[TopicPartition]]]
"""Which member of a group has which partitions; those that have none are left out."""
Watch = dict[str, set[Assignment]]
"""Every assignment that was seen, by group."""
_NON_EMPTY_GROUP = 68
_GROUP_ID_NOT_FOUND = 69
_GONE_BEFORE = {0, 3}  # done, or no such topic
_LOOK_SECONDS = 0.5


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

        await eventually(is_deleted, within=30, what=f"{group} has no members")


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

        await eventually(has_told_groups, within=30, what="the broker tells its groups")
        await eventually(lambda: _no_topics(admin), within=30, what="the topics are gone")
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


@asynccontextmanager
async def watched_groups(settings: KafkaSettings, groups: tuple[str, ...]) -> AsyncIterator[Watch]:
    """Look at these groups now and then until the end of the block; it gives every assignment seen so far."""
    seen: Watch = {group: set() for group in groups}

    async def watch(admin: AIOKafkaAdminClient) -> None:
        while True:
            for name in groups:
                node = await admin.find_coordinator(name)
                response = await admin._send_request_to_node(node, _DescribeGroups(name))
                for group in response.to_object()["groups"]:
                    if group["state"] == "Stable":
                        seen[name].add(_assignment(group["members"]))
            await asyncio.sleep(_LOOK_SECONDS)

    async with admin_of(settings) as admin:
        watching = asyncio.create_task(watch(admin))
        try:
            yield seen
            assert not watching.done(), watching.exception()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


class _DescribeGroups(Request[DescribeGroupsRequest_v2]):  # type: ignore[misc]
    """The library's own request asks in the third version and reads the answer as if it were in the second."""

    API_KEY = DescribeGroupsRequest_v2.API_KEY

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, version: type[DescribeGroupsRequest_v2]) -> DescribeGroupsRequest_v2:
        return version([self._group])


def _assignment(members: list[dict[str, Any]]) -> Assignment:
    shares = {
        member["member_id"]: ConsumerProtocolMemberAssignment.decode(member["member_assignment"]).partitions()
        for member in members
        if member["member_assignment"]
    }
    return frozenset((member, frozenset(share)) for member, share in shares.items() if share)
