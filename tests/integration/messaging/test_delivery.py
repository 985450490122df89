"""Delivery between two services over a real broker and a real Postgres: once, in order, and healed when the broker forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from mailwright.ports import free_port
from shared.clock import RandomIds, SystemClock
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import ACCOUNTS, Received, Recorded
from shared.db.pool import Connection, Pool, connect, create_pool
from shared.messaging.batch import Batches
from shared.messaging.broker import KafkaSettings, build_producer
from shared.messaging.consumer import Consumer
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.tables import MESSAGING_TABLES
from shared.messaging.topics import create_topics
from tests.support.engines import drop_database, embedded_broker, new_database
from tests.support.eventually import eventually

TENANT = UUID(int=1)
recorder = Recorder(SystemClock(), RandomIds())


class Side:
    """One service's side: its pool, its relay, and a consumer that writes down what it handles."""

    def __init__(self, name: str, database_url: str, pool: Pool, kafka: KafkaSettings) -> None:
        self.name = name
        self.pool = pool
        self.relay = Relay(
            name,
            partial(connect, database_url, schema=name, role=f"test_{name}", application=name),
            kafka,
        )
        self.seen: list[int] = []
        self.fail_on: dict[int, int] = {}
        self.batches = Batches(name, pool, self.handle, recorder, frozenset())
        self.consumer = Consumer(
            name, pool, kafka, (ACCOUNTS,), self.batches, self.handle, after_commit=self.relay.wake
        )

    async def handle(self, connection: Connection, events: Any) -> None:
        for received in events:
            assert isinstance(received, Received)
            number = int(received.event.data.details["number"])  # type: ignore[attr-defined]
            if self.fail_on.get(number, 0) > 0:
                self.fail_on[number] -= 1
                raise ValueError("a bug")
            await connection.execute(
                "insert into seen (number, subject) values ($1, $2)", number, received.event.subject
            )

    async def record(self, numbers: range, subjects: int = 8) -> None:
        for number in numbers:
            async with self.pool.acquire() as connection, connection.transaction():
                await append(connection, event(number, UUID(int=1000 + number % subjects)))
            self.relay.wake()

    async def handled(self) -> list[int]:
        return [row["number"] for row in await self.pool.fetch("select number from seen order by id")]

    async def by_subject(self) -> dict[UUID, list[int]]:
        seen: dict[UUID, list[int]] = {}
        for row in await self.pool.fetch("select number, subject from seen order by id"):
            seen.setdefault(row["subject"], []).append(row["number"])
        return seen


def event(number: int, subject: UUID) -> Recorded:
    data = AccountRequestAnswered(
        request_id=UUID(int=number), outcome=Outcome.DONE, subject_id=subject, details={"number": number}
    )
    return recorder.event(data, subject=subject, tenant_id=TENANT, workspace_id=None)


class Broker:
    def __init__(self) -> None:
        self.port = free_port()
        self._open: Any = None

    def start(self) -> None:
        self._open = embedded_broker(self.port)
        self._open.__enter__()

    def stop(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


@pytest.fixture
def broker() -> Iterator[Broker]:
    running = Broker()
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def sides(postgres_url: str, broker: Broker) -> AsyncIterator[tuple[Side, Side]]:
    """A producing and a consuming service."""
    url = await new_database(postgres_url)
    kafka = KafkaSettings(
        bootstrap=f"127.0.0.1:{broker.port}",
        idempotence=False,
        fetch_max_wait_ms=20,
        session_timeout_ms=2_000,
    )
    await create_topics(kafka)
    async with AsyncExitStack() as stack:
        made = []
        for name in ("producer", "reader"):
            pool = await create_pool(url, schema=name, role="postgres", application=name)
            async with pool.acquire() as connection:
                with suppress(Exception):
                    await connection.execute(f"create role test_{name} superuser")
                await connection.execute(f"create schema {name}; set search_path to {name};")
                await connection.execute(MESSAGING_TABLES)
                await connection.execute(
                    "create table seen (id bigint generated always as identity, number int, subject uuid)"
                )
            stack.push_async_callback(pool.close)
            made.append(Side(name, url, pool, kafka))
        producer, reader = made
        running = [
            asyncio.create_task(run)
            for run in (
                producer.relay.run(),
                reader.relay.run(),
                producer.consumer.run(),
                reader.consumer.run(),
            )
        ]
        yield producer, reader
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await drop_database(url)


async def test_every_event_is_handled_once_and_in_order_per_aggregate(sides: tuple[Side, Side]) -> None:
    producer, reader = sides

    await producer.record(range(300))

    await eventually(lambda: _count(reader, 300), within=20)
    for numbers in (await reader.by_subject()).values():
        assert numbers == sorted(numbers)


@pytest.mark.promise("R06")
async def test_a_broker_that_comes_back_empty_loses_nothing(sides: tuple[Side, Side], broker: Broker) -> None:
    producer, reader = sides
    await producer.record(range(50))
    await eventually(lambda: _count(reader, 50), within=20)

    broker.stop()
    await producer.record(range(50, 100))
    broker.start()
    await producer.record(range(100, 120))

    await eventually(lambda: _count(reader, 120), within=60)
    for numbers in (await reader.by_subject()).values():
        assert numbers == sorted(numbers)


@pytest.mark.promise("R06")
async def test_acknowledged_events_that_the_broker_lost_are_asked_for_again(
    sides: tuple[Side, Side], broker: Broker
) -> None:
    producer, reader = sides
    await producer.record(range(10))
    await eventually(lambda: _count(reader, 10), within=20)

    await _forget(reader, keep=4)

    await eventually(lambda: _sorted_equals(reader, list(range(10))), within=30)


async def test_a_record_that_always_fails_becomes_a_dead_letter_and_the_rest_goes_on(
    sides: tuple[Side, Side],
) -> None:
    producer, reader = sides
    reader.fail_on[7] = 100

    await producer.record(range(20))

    await eventually(lambda: _count(reader, 19), within=20)
    letters = await reader.pool.fetch("select code, attempts from dead_letters")
    assert [(row["code"], row["attempts"]) for row in letters] == [("handler_failed", 3)]

    reader.fail_on.clear()
    await reader.pool.execute("update dead_letters set replay_asked_at = now()")
    await eventually(lambda: _count(reader, 20), within=10)


async def test_a_record_that_is_not_ours_becomes_a_dead_letter(
    sides: tuple[Side, Side], broker: Broker
) -> None:
    producer, reader = sides
    stranger = build_producer(
        KafkaSettings(bootstrap=f"127.0.0.1:{broker.port}", idempotence=False), client_id="stranger"
    )
    await stranger.start()
    await stranger.send_and_wait(ACCOUNTS, b"\xff\xfe", key=b"k", headers=[("ce_id", b"\xff")])
    await stranger.send_and_wait(ACCOUNTS, b"", key=b"k", headers=[])
    await stranger.stop()

    await producer.record(range(5))

    await eventually(lambda: _count(reader, 5), within=20)
    codes = [row["code"] for row in await reader.pool.fetch("select code from dead_letters")]
    assert codes == ["bad_envelope", "bad_envelope"]


async def _count(side: Side, expected: int) -> bool:
    handled = await side.handled()
    assert len(handled) == len(set(handled)), "an event was handled twice"
    return len(handled) == expected


async def _sorted_equals(side: Side, expected: list[int]) -> bool:
    return sorted(await side.handled()) == expected


async def _forget(side: Side, *, keep: int) -> None:
    """Put the reader back to having only its first events, as if the broker had lost the later ones for it."""
    async with side.pool.acquire() as connection, connection.transaction():
        await connection.execute("delete from seen where number >= $1", keep)
        await connection.execute(
            """
            update consumer_position p set position = coalesce((
                select count(*) from producer.event_log l
                where l.topic = p.topic and l.partition = p.partition
                and convert_from(l.data, 'utf8')::jsonb->'details'->>'number' < $1
            ), 0) where source = 'producer'
            """,
            str(keep),
        )
