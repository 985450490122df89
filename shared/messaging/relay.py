"""The relay: moves pending events into the log, publishes the log in order, and marks only what the broker acknowledged.

One process leads at a time, by an advisory lock held on the very connection that writes the log: a leader that lost its
lock has lost its connection, so it can write nothing more.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, UnknownTopicOrPartitionError
from aiokafka.partitioner import DefaultPartitioner

from shared.contracts.envelope import TOPICS
from shared.db.pool import OUTAGE
from shared.errors import MailwrightError
from shared.messaging import log_store
from shared.messaging.broker import KafkaSettings, build_producer, stop_in_time
from shared.messaging.sending import Message, send_in_order
from shared.messaging.topics import create_topics
from shared.messaging.wire import (
    Entry,
    LogHead,
    encode_log_head,
    encode_replay_request,
    envelope_headers,
)
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.wake import Wake

log = get_logger(__name__)

BATCH = 500
POLL_SECONDS = 0.1
HEAD_SECONDS = 5.0
PUBLISH_SECONDS = 15.0


class OpenConnection(Protocol):
    """Opens the connection that the leader holds on to."""

    async def __call__(self) -> asyncpg.Connection[asyncpg.Record]:
        """Return a connection that acts in the service's schema."""
        ...


class Relay:
    """Publishes one service's event log until cancelled, through broker and database outages."""

    def __init__(self, service: str, connect: OpenConnection, kafka: KafkaSettings) -> None:
        self._service = service
        self._connect = connect
        self._kafka = kafka
        self._partitioner = DefaultPartitioner()
        self._partitions = list(range(kafka.partitions))
        self._wake = Wake()
        self._next_heads = 0.0
        self._last_replayed = ("", 0)

    def wake(self) -> None:
        """Look for pending events now; called after a commit that recorded some."""
        self._wake.call()

    async def run(self) -> None:
        """Lead whenever no other process does; returns only by cancellation."""
        while True:
            try:
                await self._lead()
            except OUTAGE as error:
                log.warning("relay_database_away", error=type(error).__name__)
            except (KafkaError, MailwrightError) as error:
                log.warning("relay_broker_trouble", error=type(error).__name__)
            except Exception:
                log.exception("relay_crashed")
            metrics.RELAY_LEADER.set(0)
            await asyncio.sleep(0.3)

    async def _lead(self) -> None:
        connection = await self._connect()
        try:
            while not await log_store.take_leadership(connection):
                await asyncio.sleep(0.5)
            metrics.RELAY_LEADER.set(1)
            await self._publish_as_leader(connection)
        finally:
            connection.terminate()

    async def _publish_as_leader(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        # A producer that failed once may still hold unsent batches: it is thrown away with everything in it.
        producer = build_producer(self._kafka, client_id=f"{self._service}-relay")
        await producer.start()
        try:
            while entries := await log_store.unpublished(connection, BATCH):
                await self._publish(producer, connection, entries)
            while True:
                failpoint("relay.before_sequence")
                entries = await log_store.sequence_pending(connection, self._partition_of, BATCH)
                if entries:
                    failpoint("relay.after_sequence")
                    await self._publish(producer, connection, entries)
                is_replaying = await self._send_replay(producer, connection)
                if not entries or time.monotonic() >= self._next_heads:
                    await self._send_control(producer, connection)
                if not entries and not is_replaying:
                    await self._wake.rest(POLL_SECONDS)
        finally:
            await stop_in_time(producer.stop())

    def _partition_of(self, key: bytes) -> int:
        partition: int = self._partitioner(key, self._partitions, self._partitions)
        return partition

    async def _publish(
        self, producer: Any, connection: asyncpg.Connection[asyncpg.Record], entries: Sequence[Entry]
    ) -> None:
        await self._send(producer, [self._message(entry) for entry in entries])
        failpoint("relay.after_publish")
        await log_store.mark_published(connection, entries)
        failpoint("relay.after_mark")
        for entry in entries:
            metrics.EVENTS_PUBLISHED.labels(entry.topic).inc()

    def _message(self, entry: Entry) -> Message:
        headers = envelope_headers(entry, source=self._service)
        return Message(entry.topic, entry.partition, headers, str(entry.subject).encode(), entry.data)

    async def _send_replay(self, producer: Any, connection: asyncpg.Connection[asyncpg.Record]) -> bool:
        """Send one batch of what was asked for again, and remember how far; returns whether there was anything to send.

        Never more at once: a replay of millions must not keep new events waiting.
        """
        replay = await log_store.next_replay(connection, self._last_replayed)
        if replay is None:
            return False
        self._last_replayed = (replay.topic, replay.partition)
        entries = await log_store.published_after(connection, replay, BATCH)
        if entries:
            await self._send(producer, [self._message(entry) for entry in entries])
        if len(entries) == BATCH:
            await log_store.advance_replay(connection, replay, entries[-1].position)
            return True
        await log_store.finish_replay(connection, replay)
        metrics.REPLAYS.labels(replay.topic).inc()
        to = entries[-1].position if entries else replay.after
        log.info("log_replayed", topic=replay.topic, partition=replay.partition, to=to)
        return True

    async def _send_control(self, producer: Any, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Send what is due: the requests for replay of noticed gaps, and a head for every partition of ours."""
        messages = [
            Message(gap.topic, gap.partition, encode_replay_request(gap))
            for gap in await log_store.gaps_to_ask_for(connection)
        ]
        if time.monotonic() >= self._next_heads:
            # Services that started together must not tell their heads together for ever.
            self._next_heads = time.monotonic() + HEAD_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
            published = await log_store.published_positions(connection)
            messages += [
                Message(
                    topic,
                    partition,
                    encode_log_head(
                        LogHead(self._service, topic, partition, published.get((topic, partition), 0))
                    ),
                )
                for topic in TOPICS
                for partition in self._partitions
            ]
            metrics.PENDING_AGE.set(await log_store.oldest_pending_seconds(connection))
        if messages:
            await self._send(producer, messages)

    async def _send(self, producer: Any, messages: Sequence[Message]) -> None:
        """Send in order and wait for every acknowledgement."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await send_in_order(producer, messages)
        except (UnknownTopicOrPartitionError, NotLeaderForPartitionError, TimeoutError):
            # A broker that came back empty has no topics; whatever else is wrong shows itself there too.
            await create_topics(self._kafka)
            raise
