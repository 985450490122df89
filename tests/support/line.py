"""The messaging edge of one service without a broker: records are handed to it as if one had delivered them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from faststream.exceptions import NackMessage

from shared.clock import RandomIds, SystemClock
from shared.contracts.envelope import ACCOUNTS, Event, Received, Recorded
from shared.db.pool import Connection, Pool
from shared.messaging.batch import Batches
from shared.messaging.broker import KafkaSettings
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import RawRecord
from shared.messaging.patience import HeldUp, Patience
from shared.messaging.recorder import Recorder
from shared.messaging.wire import Entry, encode_data, envelope_headers
from tests.contract.events.samples import ACCOUNT, SAMPLES, TENANT

RESERVED = "mailwright.account.reserved.v1"
NO_BROKER = KafkaSettings(bootstrap="127.0.0.1:1")
recorder = Recorder(SystemClock(), RandomIds())

Trouble = Callable[[Connection], Awaitable[None]]


class Line:
    """The provisioner's batches and consumer; `troubles` says what its handler meets at which event."""

    def __init__(self, pool: Pool, owned: frozenset[type[Event]] = frozenset()) -> None:
        self.pool = pool
        self.troubles: dict[UUID, Trouble] = {}
        self.handled: list[UUID] = []
        self.held: dict[tuple[str, int], int] = {}
        self.wakes = 0
        self.now = 0.0
        patience = Patience(clock=lambda: self.now)
        self.batches = Batches("provisioner", pool, self._handle, recorder, owned, patience)
        self._consumer = Consumer(
            "provisioner", pool, NO_BROKER, (ACCOUNTS,), self.batches, self._handle, after_commit=self._wake
        )

    def _wake(self) -> None:
        self.wakes += 1

    async def _handle(self, connection: Connection, events: Sequence[Received]) -> None:
        for each in events:
            if trouble := self.troubles.get(each.event.id):
                await trouble(connection)
        self.handled += [each.event.id for each in events]

    async def deliver(self, *records: RawRecord) -> bool:
        """Deliver a batch as the broker's client does; False if it is to come again, or of it what is `held`."""
        self.held = {}
        try:
            await self._consumer._on_records(tuple(map(_consumed, records)))
        except NackMessage:
            return False
        except HeldUp as error:
            self.held = dict(error.places)
            return False
        return True

    async def trouble(self) -> str | None:
        """Return why the consumer does not consume."""
        return await self._consumer.trouble()

    async def dead_letters(self) -> list[Any]:
        return await self.pool.fetch("select * from dead_letters order by id")

    @asynccontextmanager
    async def redelivering(self) -> AsyncIterator[None]:
        """Run the consumer, which hands over parked records and dead letters that were asked for also where the broker is away."""
        task = asyncio.create_task(self._consumer.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def event(type_name: str = RESERVED, *, request_id: UUID | None = None) -> Recorded:
    data = SAMPLES[type_name]
    return recorder.event(data, subject=ACCOUNT, tenant_id=TENANT, workspace_id=None, request_id=request_id)


def raw(
    said: Recorded,
    position: int,
    changed: Mapping[str, str | bytes | None] | None = None,
    *,
    offset: int | None = None,
    partition: int = 0,
) -> RawRecord:
    """Return the record of an event at its place in the gateway's log; `changed` replaces headers by name."""
    entry = Entry(
        ACCOUNTS, partition, position, said.id, said.data.TYPE, said.subject, said.time, said.sequence, said.tenant_id,
        said.workspace_id, said.request_id, said.causation_id, said.traceparent, encode_data(said),
    )  # fmt: skip
    headers: dict[str, bytes | None] = dict(envelope_headers(entry, source="gateway"))
    headers |= {
        name: value.encode() if isinstance(value, str) else value for name, value in (changed or {}).items()
    }
    place = position if offset is None else offset
    return RawRecord(ACCOUNTS, partition, place, b"key", entry.data, tuple(headers.items()))


def _consumed(record: RawRecord) -> Any:
    return ConsumerRecord(
        record.topic,
        record.partition,
        record.offset,
        0,
        0,
        record.key,
        record.value,
        None,
        0,
        0,
        record.headers,
    )
