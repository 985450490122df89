"""The consumer of a service: runs through broker and database outages, and is rebuilt when it stops hearing anything.

Every producer publishes a log head to every partition every five seconds, so silence on an assigned partition means that
the consumer, not the world, has stopped. So does a group that gives it no answer, not even "no partitions for you".

While its service is halted it consumes nothing, whichever process decided that, and only looks whether it still is.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable

import asyncpg
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from faststream.exceptions import NackMessage

from shared.db.pool import OUTAGE, Pool
from shared.messaging import halts
from shared.messaging.batch import Batches
from shared.messaging.broker import KafkaSettings, build_consumer, stop_consumer
from shared.messaging.dead_letters import RawRecord
from shared.messaging.dispatch import BatchHandler
from shared.messaging.halts import ConsumerHalted, Halt
from shared.messaging.patience import HeldUp
from shared.messaging.redelivery import Redelivery
from shared.observability import metrics
from shared.observability.logging import get_logger

log = get_logger(__name__)

SILENCE_SECONDS = 20.0
LOOK_SECONDS = 1.0


class Consumer:
    """Feeds a service's batches from its topics; `after_commit` is called when a batch may have recorded events."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        kafka: KafkaSettings,
        topics: tuple[str, ...],
        batches: Batches,
        handle: BatchHandler,
        *,
        after_commit: Callable[[], None],
    ) -> None:
        self._service = service
        self._pool = pool
        self._kafka = kafka
        self._topics = topics
        self._batches = batches
        self._redelivery = Redelivery(service, pool, batches, handle, after_commit=after_commit)
        self._after_commit = after_commit
        # The group may have to wait for a killed member's session to end before it answers.
        self._patience_seconds = SILENCE_SECONDS + kafka.session_timeout_ms / 1_000
        self._membership = _Membership()
        self._failures = 0
        self._halt: Halt | None = None

    async def run(self) -> None:
        """Consume until cancelled, whenever the service is not halted."""
        redelivery = asyncio.create_task(self._redelivery.run())
        try:
            while True:
                while not await self._has_looked() or self._halt:
                    await asyncio.sleep(LOOK_SECONDS)
                reason = await self._consume_until_trouble()
                metrics.CONSUMER_RESTARTS.labels(reason).inc()
                log.warning("consumer_restarting", service=self._service, reason=reason)
                await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311  spreads restarts, nothing secret
        finally:
            redelivery.cancel()
            await asyncio.gather(redelivery, return_exceptions=True)

    async def trouble(self) -> str | None:
        """Look why nothing is consumed, and say what to do about it; None when nothing is wrong."""
        await self._has_looked()
        if self._halt is None:
            return None
        return (
            f"Nothing is consumed since {self._halt.at:%Y-%m-%d %H:%M:%S} UTC: {self._halt.reason}. See `mailwright"
            f" dead-letters list`, mend the cause, then run `mailwright consumers resume {self._service}`."
        )

    async def _has_looked(self) -> bool:
        """See whether the service is halted; what cannot be seen stays as it was, and the answer is False."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await halts.current(self._pool)
        except (asyncpg.PostgresError, *OUTAGE):
            return False
        if found and not self._halt:
            log.critical("consumer_halted", service=self._service, reason=found.reason)
        elif self._halt and not found:
            log.warning("consumer_resumed", service=self._service)
        if found is None and (self._halt or self._batches.limit.is_exceeded):
            self._batches.limit.reset()
        self._halt = found
        metrics.CONSUMER_HALTED.set(found is not None)
        return True

    async def _consume_until_trouble(self) -> str:
        self._membership = membership = _Membership()
        broker = build_consumer(
            self._kafka,
            group=f"mailwright.{self._service}",
            topics=self._topics,
            handle=self._on_records,
            listener=membership,
        )
        try:
            # It waits for the group's answer to the join, which a broker may forget to give.
            async with asyncio.timeout(self._patience_seconds):
                await broker.start()
            while not self._halt:
                await asyncio.sleep(LOOK_SECONDS)
                await self._has_looked()
                if membership.silent_since() < time.monotonic() - self._patience_seconds:
                    return "silence"
            return "halted"
        except TimeoutError:
            return "no_answer"
        except (KafkaError, OSError) as error:
            return type(error).__name__
        finally:
            await stop_consumer(broker, self._kafka)

    async def _on_records(self, records: tuple[ConsumerRecord[bytes, bytes], ...]) -> None:
        if self._halt:
            raise NackMessage
        self._membership.hear(TopicPartition(record.topic, record.partition) for record in records)
        try:
            await self._batches.handle([_raw(record) for record in records])
        except HeldUp as error:
            log.warning("records_held_up", service=self._service, code=error.code)
            self._failures = 0
            self._after_commit()
            raise
        except OUTAGE as error:
            # No record could succeed: wait here, well under the poll interval.
            self._failures = min(self._failures + 1, 6)
            log.warning("database_away", service=self._service, error=type(error).__name__)
            await asyncio.sleep(random.uniform(0.1, min(10.0, 0.2 * 2**self._failures)))  # noqa: S311  full jitter
            raise NackMessage from error
        except ConsumerHalted as error:
            await self._has_looked()
            raise NackMessage from error
        self._failures = 0
        if self._batches.limit.is_exceeded:
            await self._has_looked()
        self._after_commit()


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """What the group gave this consumer, and when it last heard from each part of it."""

    def __init__(self) -> None:
        self._heard: dict[TopicPartition, float] = {}
        self._waiting_since: float | None = time.monotonic()

    def hear(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that records of these partitions arrived."""
        now = time.monotonic()
        for partition in partitions:
            self._heard[partition] = now

    def silent_since(self) -> float:
        """Return when the longest silence began: of a partition, or of the group that was asked for partitions."""
        waiting = () if self._waiting_since is None else (self._waiting_since,)
        return min((*self._heard.values(), *waiting), default=time.monotonic())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002  all are taken
        self._heard.clear()
        self._waiting_since = time.monotonic()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._waiting_since = None
        self.hear(assigned)
        log.info(
            "partitions_assigned", partitions=sorted(f"{each.topic}/{each.partition}" for each in assigned)
        )


def _raw(record: ConsumerRecord[bytes, bytes]) -> RawRecord:
    return RawRecord(
        record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers)
    )
