"""Two services that talk over a broker: one records numbered events, the other writes down what it handles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from shared.clock import RandomIds, SystemClock
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import ACCOUNTS, Received, Recorded
from shared.db.pool import Connection, Pool, connect, create_pool
from shared.errors import Retryable
from shared.messaging.batch import Batches
from shared.messaging.broker import KafkaSettings
from shared.messaging.consumer import Consumer
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.tables import HALT_AND_GAP_CHANGES, MESSAGING_TABLES

TENANT = UUID(int=1)
SUBJECTS = 8
_recorder = Recorder(SystemClock(), RandomIds())


class Side:
    """One process of a service: its pool, its relay, and a consumer that writes down what it handles."""

    def __init__(self, name: str, database_url: str, pool: Pool, kafka: KafkaSettings) -> None:
        self.name = name
        self.pool = pool
        self.kafka = kafka
        self.relay = Relay(
            name,
            partial(connect, database_url, schema=name, role=f"test_{name}", application=name),
            kafka,
        )
        self.fail_on: dict[int, int] = {}
        self.not_now: set[int] = set()
        self.batches = Batches(name, pool, self.handle, _recorder, frozenset())

    def consumer(self) -> Consumer:
        """A further consumer of the service's group."""
        return Consumer(
            self.name,
            self.pool,
            self.kafka,
            (ACCOUNTS,),
            self.batches,
            self.handle,
            after_commit=self.relay.wake,
        )

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """A further member of the service's group, which leaves it at the end."""
        task = asyncio.create_task(self.consumer().run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def handle(self, connection: Connection, events: Any) -> None:
        for received in events:
            assert isinstance(received, Received)
            number = int(received.event.data.details["number"])  # type: ignore[attr-defined]
            if self.fail_on.get(number, 0) > 0:
                self.fail_on[number] -= 1
                raise ValueError("a bug")
            if number in self.not_now:
                raise Retryable("Not at the moment.")
            await connection.execute(
                "insert into seen (number, subject) values ($1, $2)", number, received.event.subject
            )

    async def record(self, numbers: range) -> None:
        """Record one event per number, each in a transaction of its own, spread over the subjects."""
        for number in numbers:
            async with self.pool.acquire() as connection, connection.transaction():
                await append(connection, numbered_event(number, subject_of(number)))
            self.relay.wake()

    async def handled(self) -> list[int]:
        return [row["number"] for row in await self.pool.fetch("select number from seen order by id")]

    async def has_handled(self, expected: int) -> bool:
        """Whether the events 0 … `expected` - 1 were handled; once each and in order per subject, at any time."""
        rows = await self.pool.fetch("select number, subject from seen order by id")
        numbers = [row["number"] for row in rows]
        if len(numbers) != len(set(numbers)):
            raise RuntimeError("an event was handled twice")
        last: dict[UUID, int] = {}
        for row in rows:
            if row["number"] < last.get(row["subject"], -1):
                raise RuntimeError(f"{row['number']} was handled after {last[row['subject']]}")
            last[row["subject"]] = row["number"]
        return len(numbers) == expected


def subject_of(number: int) -> UUID:
    return UUID(int=1000 + number % SUBJECTS)


def numbered_event(number: int, subject: UUID) -> Recorded:
    data = AccountRequestAnswered(
        request_id=UUID(int=number), outcome=Outcome.DONE, subject_id=subject, details={"number": number}
    )
    return _recorder.event(data, subject=subject, tenant_id=TENANT, workspace_id=None)


@asynccontextmanager
async def two_sides(database_url: str, kafka: KafkaSettings) -> AsyncIterator[tuple[Side, Side]]:
    """A producing and a consuming service in an empty database; their relays run, nobody consumes yet."""
    async with AsyncExitStack() as stack:
        made = []
        for name in ("producer", "reader"):
            pool = await create_pool(database_url, schema=name, role="postgres", application=name)
            stack.push_async_callback(pool.close)
            async with pool.acquire() as connection:
                # Roles belong to the server: an earlier test made them.
                with suppress(asyncpg.DuplicateObjectError):
                    await connection.execute(f"create role test_{name} superuser")
                await connection.execute(f"create schema {name}; set search_path to {name};")
                await connection.execute(MESSAGING_TABLES + HALT_AND_GAP_CHANGES)
                await connection.execute(
                    "create table seen (id bigint generated always as identity, number int, subject uuid)"
                )
            made.append(Side(name, database_url, pool, kafka))
        producer, reader = made
        running = [asyncio.create_task(side.relay.run()) for side in made]
        try:
            yield producer, reader
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
