"""Sending a part of the log again: nothing new waits for it, it survives its relay, and nobody asks for it twice."""

from __future__ import annotations

import time
from uuid import UUID

import pytest

from shared.contracts.envelope import ACCOUNTS
from shared.messaging import relay
from shared.messaging.broker import KafkaSettings
from shared.messaging.event_log import append
from shared.messaging.log_store import ASK_AGAIN_SECONDS
from shared.messaging.wire import REPLAY_REQUESTED
from tests.support.eventually import eventually
from tests.support.kafka_engines import KafkaEngine
from tests.support.kafka_state import records_of
from tests.support.sides import Side, numbered_event

EVENTS = 2_000
BATCH = 20
SUBJECT = UUID(int=1_000)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a replay take as many turns here as one of millions of events does with batches of the real size."""
    monkeypatch.setattr(relay, "BATCH", BATCH)


@pytest.mark.promise("R06")
async def test_what_is_recorded_during_a_replay_is_published_before_its_end(
    idle_sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, _ = idle_sides
    await _begin_replay(producer)
    await _record(producer, range(EVENTS, EVENTS + 1))
    await eventually(lambda: _is_over(producer))

    positions = await _positions(kafka)
    again = positions[EVENTS:]
    assert sorted(again) == list(range(1, EVENTS + 2)) + [EVENTS + 1] * (again.count(EVENTS + 1) - 1)
    assert again.index(EVENTS + 1) < again.index(EVENTS), "the new event waited for the whole replay"


@pytest.mark.promise("R06")
async def test_a_replay_whose_relay_died_goes_on_where_it_was(
    idle_sides: tuple[Side, Side], kafka: KafkaSettings
) -> None:
    producer, _ = idle_sides
    await _begin_replay(producer)
    await _cut_off_relay(producer)
    await eventually(lambda: _is_over(producer))

    again = (await _positions(kafka))[EVENTS:]
    assert set(again) == set(range(1, EVENTS + 1))
    assert len(again) <= EVENTS + BATCH, "it began anew"


@pytest.mark.promise("R06", "R08")
async def test_a_consumer_that_is_being_helped_does_not_have_the_same_sent_again_while_events_go_on(
    idle_sides: tuple[Side, Side], kafka: KafkaSettings, broker: KafkaEngine
) -> None:
    producer, reader = idle_sides
    await _record(producer, range(EVENTS))
    await eventually(lambda: _is_published(producer, EVENTS))
    await _let_it_have_everything(producer)
    broker.erase()
    broker.start()

    recorded, began = EVENTS, time.monotonic()
    async with producer.consuming(), reader.consuming():
        while len(await reader.handled()) < EVENTS:
            await _record(producer, range(recorded, recorded + 1))
            recorded += 1
        await eventually(lambda: reader.has_handled(recorded))
    seconds = time.monotonic() - began

    asked = [each for each in await records_of(kafka, ACCOUNTS) if each["ce_type"] == REPLAY_REQUESTED]
    assert len(asked) < 2 + seconds / ASK_AGAIN_SECONDS / 3, "it was asked for again while it came"
    sent = await _positions(kafka)
    # On a busy machine nothing may come for so long that asking again is right; each time everything may be sent again.
    most = EVENTS + 2 * (recorded - EVENTS) + 10 * BATCH + (len(asked) - 1) * recorded
    assert len(sent) < most, "the same was sent over and over"


async def _record(side: Side, numbers: range) -> None:
    async with side.pool.acquire() as connection, connection.transaction():
        await append(connection, *(numbered_event(number, SUBJECT) for number in numbers))
    side.relay.wake()


async def _is_published(side: Side, expected: int) -> bool:
    return bool(await side.pool.fetchval("select sum(published) from relay_cursor") == expected)


async def _let_it_have_everything(side: Side) -> None:
    await side.pool.execute(
        "insert into consumer_position select $1, topic, partition, published from relay_cursor", side.name
    )


async def _begin_replay(producer: Side) -> None:
    """Publish events, ask for all of them again, and return as soon as the first come."""
    await _record(producer, range(EVENTS))
    await eventually(lambda: _is_published(producer, EVENTS))
    await _ask_for_everything(producer)
    await eventually(lambda: _has_begun(producer), every=0.001)


async def _ask_for_everything(side: Side) -> None:
    await side.pool.execute(
        "insert into replay_asked (topic, partition, after) select topic, partition, 0 from relay_cursor"
    )


async def _has_begun(side: Side) -> bool:
    return bool(await side.pool.fetchval("select after > 0 from replay_asked"))


async def _is_over(side: Side) -> bool:
    return not await side.pool.fetchval("select exists (select from replay_asked)")


async def _cut_off_relay(side: Side) -> None:
    """End the connection of this side's leader while it has a replay in hand, which cannot end as long as its row is locked."""
    async with side.pool.acquire() as connection, connection.transaction():
        after = await connection.fetchval("select after from replay_asked for update")
        assert after is not None, "the replay was over before its relay died"
        assert after < EVENTS - BATCH, "the replay was as good as over"
        ended = await connection.fetch(
            """
            select pg_terminate_backend(pid, 5000) from pg_locks join pg_stat_activity using (pid)
            where locktype = 'advisory' and datname = current_database() and application_name = $1
            """,
            side.name,
        )
        assert [row[0] for row in ended] == [True]


async def _positions(kafka: KafkaSettings) -> list[int]:
    """The log positions of the producer's events on the broker, in the order in which they lie there."""
    records = await records_of(kafka, ACCOUNTS)
    return [int(record["ce_logposition"]) for record in records if "ce_id" in record]
