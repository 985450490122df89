"""Delivery between two services over a real broker and a real Postgres: once, in order, and nothing stops the line."""

from __future__ import annotations

import pytest

from shared.contracts.envelope import ACCOUNTS
from shared.messaging.broker import KafkaSettings, build_producer
from tests.support.eventually import eventually
from tests.support.kafka_state import records_of
from tests.support.sides import SUBJECTS, Side, subject_of


async def test_every_event_is_handled_once_and_in_order_per_aggregate(sides: tuple[Side, Side]) -> None:
    producer, reader = sides

    await producer.record(range(300))

    await eventually(lambda: reader.has_handled(300))


@pytest.mark.promise("R06")
async def test_acknowledged_events_that_the_broker_lost_are_asked_for_again(sides: tuple[Side, Side]) -> None:
    producer, reader = sides
    await producer.record(range(10))
    await eventually(lambda: reader.has_handled(10))

    await _forget(reader, keep=4)

    await eventually(lambda: reader.has_handled(10))


@pytest.mark.promise("R18")
async def test_a_record_that_always_fails_becomes_a_dead_letter_and_the_rest_goes_on(
    sides: tuple[Side, Side],
) -> None:
    producer, reader = sides
    reader.fail_on[7] = 100

    await producer.record(range(20))

    await eventually(lambda: reader.has_handled(19))
    dead_letters = await reader.pool.fetch("select code, attempts from dead_letters")
    assert [(row["code"], row["attempts"]) for row in dead_letters] == [("handler_failed", 3)]

    reader.fail_on.clear()
    await reader.pool.execute("update dead_letters set replay_asked_at = now()")
    await eventually(lambda: _has_handled_in_any_order(reader, 20))


@pytest.mark.promise("R18")
async def test_what_cannot_be_handled_at_the_moment_lets_the_other_partitions_go_on(
    sides: tuple[Side, Side],
) -> None:
    producer, reader = sides
    held, behind = 0, SUBJECTS
    beside = next(
        each for each in range(1, SUBJECTS) if _partition(producer, each) != _partition(producer, held)
    )
    reader.not_now.add(held)
    await producer.record(range(held, held + 1))
    await producer.record(range(behind, behind + 1))

    numbers = [beside + SUBJECTS * turn for turn in range(25)]
    for turn, number in enumerate(numbers, 1):
        await producer.record(range(number, number + 1))
        await eventually(lambda: _are_handled(reader, numbers[:turn]))  # noqa: B023  awaited in its turn

    assert await _are_buried(reader, "temporarily_unavailable", 0), "the others took longer than its patience"
    reader.not_now.clear()
    await eventually(lambda: _are_handled(reader, [*numbers, held, behind]))


@pytest.mark.promise("R18")
async def test_a_record_that_is_not_ours_becomes_a_dead_letter(
    sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, reader = sides
    stranger = build_producer(kafka, client_id="stranger")
    await stranger.start()
    await stranger.send_and_wait(ACCOUNTS, b"\xff\xfe", key=b"k", headers=[("ce_id", b"\xff")])
    await stranger.send_and_wait(ACCOUNTS, b"", key=b"k", headers=[])
    await stranger.stop()

    await producer.record(range(5))

    await eventually(lambda: reader.has_handled(5))
    await eventually(lambda: _are_buried(reader, "bad_envelope", 2))


async def test_the_relay_writes_each_event_to_the_broker_once_in_quiet_times(
    sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, reader = sides
    await producer.record(range(50))
    await eventually(lambda: reader.has_handled(50))

    records = await records_of(kafka, ACCOUNTS)

    ids = [record["ce_id"] for record in records if "ce_id" in record]
    assert len(ids) == len(set(ids)) == 50


async def test_the_producer_is_idempotent_where_the_broker_can_be(kafka: KafkaSettings) -> None:
    producer = build_producer(kafka, client_id="probe")
    await producer.start()
    await producer.send_and_wait(ACCOUNTS, b"", headers=[])
    manager = producer._txn_manager
    await producer.stop()

    assert (manager is not None and manager.has_pid()) is kafka.idempotence


async def _are_handled(side: Side, expected: list[int]) -> bool:
    return await side.handled() == expected


def _partition(side: Side, number: int) -> int:
    return side.relay._partition_of(str(subject_of(number)).encode())


async def _are_buried(side: Side, code: str, expected: int) -> bool:
    rows = await side.pool.fetch("select code from dead_letters")
    return [row["code"] for row in rows] == [code] * expected


async def _has_handled_in_any_order(side: Side, expected: int) -> bool:
    return sorted(await side.handled()) == list(range(expected))


async def _forget(side: Side, *, keep: int) -> None:
    """Put the reader back to having only its first events, as if the broker had lost the later ones for it."""
    async with side.pool.acquire() as connection, connection.transaction():
        await connection.execute("delete from seen where number >= $1", keep)
        await connection.execute(
            """
            update consumer_position p set position = coalesce((
                select count(*) from producer.event_log l
                where l.topic = p.topic and l.partition = p.partition
                and (convert_from(l.data, 'utf8')::jsonb->'details'->>'number')::int < $1
            ), 0) where source = 'producer'
            """,
            keep,
        )
