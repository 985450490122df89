"""The one place that builds Kafka clients: the settings that make acknowledged mean durable, and nothing automatic.

The library defaults lose events: offsets are committed before the work is done, a new group starts at the end, one
replica acknowledges, topics appear by themselves. Each setting below replaces one of them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from pydantic import BaseModel

from shared.messaging.patience import HeldUp

BATCH_TIMEOUT_MS = 10
"""The framework sleeps this long after an empty poll, so it is also the longest a lone record waits unseen."""

METADATA_SECONDS = 5
"""A consumer that found no topic, because the broker came back without or it started first, looks again after this."""

BatchHandler = Callable[[tuple["ConsumerRecord[bytes, bytes]", ...]], Awaitable[None]]


HANDLER_SECONDS = 2.0
"""How long a stopping consumer waits for the batch in hand."""

STOP_SECONDS = 1.5

HOLD_SECONDS = 1.0
"""How long at most a partition that holds something up rests before it is tried again."""


class KafkaSettings(BaseModel):
    """How to reach the broker, and what the broker at hand can do."""

    bootstrap: str
    idempotence: bool = True
    """Off only where the broker refuses it (the embedded one); the consumers' positions make duplicates harmless."""
    fetch_max_wait_ms: int = 500
    """About 20 where the broker answers a fetch only when the wait is over (the embedded one)."""
    session_timeout_ms: int = 30_000
    """How long a silent consumer keeps its partitions; the embedded broker lets a new one wait half of it."""
    leave_group: bool = True
    """Off for the embedded broker: a leader that leaves while its group re-forms stays the leader there, and nobody can join again."""
    partitions: int = 6
    replication: int = 1


def build_producer(settings: KafkaSettings, *, client_id: str) -> AIOKafkaProducer:
    """Build a producer whose send is done only when every in-sync replica has the record."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=settings.idempotence,
        linger_ms=0,
        request_timeout_ms=10_000,
        max_request_size=1_048_576,
    )


def build_admin(settings: KafkaSettings) -> AIOKafkaAdminClient:
    """Build an admin client."""
    return AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap, request_timeout_ms=10_000)


def build_consumer(
    settings: KafkaSettings,
    *,
    group: str,
    topics: tuple[str, ...],
    handle: BatchHandler,
    listener: ConsumerRebalanceListener,
    max_records: int = 500,
) -> KafkaBroker:
    """Build a broker with one batch subscriber for the group; offsets are committed only after `handle` returned.

    `handle` gets the raw records of one poll; decoding is its business, so that no record can fail in the framework.
    It raises `NackMessage` to get the same records again, or `HeldUp` to get again only those of some partitions, from the
    record that waits, while the others go on.
    """
    broker = KafkaBroker(
        settings.bootstrap,
        client_id=group,
        consumer_only=True,
        allow_auto_create_topics=False,
        # A join is answered when a killed member's session is over. Whoever gives up before leaves another dead member
        # behind, which the next join waits for in turn.
        request_timeout_ms=max(10_000, settings.session_timeout_ms + 5_000),
        metadata_max_age_ms=METADATA_SECONDS * 1_000,
        graceful_timeout=HANDLER_SECONDS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=_parse_without_headers,
        decoder=_leave_undecoded,
        apply_types=False,
        logger=logging.getLogger("mailwright.consumer"),
    )

    async def on_batch(message: KafkaMessage) -> None:
        records = message.raw_message
        try:
            await handle(records if isinstance(records, tuple) else (records,))
        except HeldUp as error:
            _hold(message.consumer, error.places)

    broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        batch_timeout_ms=BATCH_TIMEOUT_MS,
        max_records=max_records,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // 10,
        max_poll_interval_ms=300_000,
        partition_assignment_strategy=[_own_assignor()],
        listener=listener,
    )(on_batch)
    return broker


def _hold(consumer: Any, places: Mapping[tuple[str, int], int]) -> None:
    """Go back to these offsets, so that the commit that follows stays before them, and let their partitions rest a while."""
    offsets = {TopicPartition(*part): offset for part, offset in places.items()}
    held = consumer.assignment() & offsets.keys()
    for partition in held:
        consumer.seek(partition, offsets[partition])
    consumer.pause(*held)
    seconds = random.uniform(0.1, HOLD_SECONDS)  # noqa: S311  full jitter
    asyncio.get_running_loop().call_later(seconds, _let_go, consumer, held)


def _let_go(consumer: Any, held: frozenset[TopicPartition]) -> None:
    consumer.resume(*(held & consumer.assignment()))


def _own_assignor() -> type[StickyPartitionAssignor]:
    """Return the sticky assignor with a memory of its own.

    It remembers its partitions on the class: without this, all consumers of a process, and the one that is built after a
    failed one, claim each other's.
    """
    return type("StickyAssignor", (StickyPartitionAssignor,), {})


async def _parse_without_headers(
    records: Any, original: Callable[[Any], Awaitable[KafkaMessage]]
) -> KafkaMessage:
    """Parse without the headers: the framework decodes them as UTF-8 and drops the record when one is not."""
    bare = tuple(dataclasses.replace(record, headers=()) for record in records)
    message = await original(bare)
    message.raw_message = records
    return message


async def _leave_undecoded(message: KafkaMessage) -> KafkaMessage:
    return message


async def stop_consumer(broker: KafkaBroker, settings: KafkaSettings) -> None:
    """Stop what `build_consumer` built, once the batch in hand is done; without `leave_group` its session ends by itself."""
    if not settings.leave_group:
        for subscriber in broker.subscribers:
            consumer = getattr(subscriber, "consumer", None)
            coordinator = consumer and consumer._coordinator  # noqa: SLF001  the library has no option for it
            if coordinator is not None:
                coordinator._maybe_leave_group = _stay  # noqa: SLF001
    await stop_in_time(broker.stop(), HANDLER_SECONDS)


async def _stay() -> None:
    """Stand in for the message to the group that a member leaves it."""


async def stop_in_time(stop: Coroutine[Any, Any, None], work_seconds: float = 0.0) -> None:
    """Stop a client, but wait for it only `work_seconds` and a little more.

    With the broker away, closing waits for a request that times out after ten seconds; a client that is not closed by
    then is left to the end of the process.
    """
    stopping = asyncio.ensure_future(stop)
    _, late = await asyncio.wait([stopping], timeout=work_seconds + STOP_SECONDS)
    if late:
        stopping.cancel()
    else:
        stopping.result()
