"""The halt of a consumer: too many dead letters stop it for good, in every process, until an operator lets it go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.contracts.envelope import ACCOUNTS
from shared.db.pool import Connection, create_pool
from shared.errors import NotYet
from shared.messaging import halts
from shared.messaging.dead_letters import RawRecord
from shared.messaging.wire import LogHead, encode_log_head
from tests.support.eventually import eventually
from tests.support.line import Line, event, raw

LIMIT = 100


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    ) as pool:
        yield Line(pool)


async def buggy(_: Connection) -> None:
    raise LookupError("a bug")


async def not_yet(_: Connection) -> None:
    raise NotYet("What it depends on has not arrived.")


def nonsense(count: int = LIMIT) -> list[RawRecord]:
    """Return that many records in a row which nobody can read."""
    return [raw(event(), number, {"ce_id": f"nobody {number}"}) for number in range(1, count + 1)]


def head(position: int) -> RawRecord:
    headers = encode_log_head(LogHead("gateway", ACCOUNTS, 0, position))
    return RawRecord(ACCOUNTS, 0, 5_000 + position, None, b"", tuple(headers))


@pytest.mark.promise("R18")
async def test_one_dead_letter_too_many_halts_the_consumer_before_the_next_one(line: Line) -> None:
    assert not await line.deliver(*nonsense(LIMIT + 50))

    assert len(await line.dead_letters()) == LIMIT
    found = await halts.current(line.pool)
    assert found is not None
    assert found.reason == "100 records in a row could not be handled"


@pytest.mark.promise("R18")
async def test_another_process_buries_nothing_more_and_stops_too(line: Line) -> None:
    await line.deliver(*nonsense())
    sick, sound = event(), event()
    other = Line(line.pool)
    other.troubles[sick.id] = buggy

    assert not await other.deliver(raw(sick, LIMIT + 1), raw(sound, LIMIT + 2))

    assert len(await line.dead_letters()) == LIMIT
    assert other.handled == []
    assert "100 records in a row" in str(await other.trouble())


@pytest.mark.promise("R18")
async def test_a_restart_does_not_end_a_halt_and_an_operator_does(line: Line) -> None:
    await line.deliver(*nonsense())

    anew = Line(line.pool)
    async with anew.redelivering():
        said = await eventually(anew.trouble)
        assert said is not None
        assert "mailwright consumers resume provisioner" in said
        assert not await anew.deliver(raw(event(), LIMIT + 1))

        async with line.pool.acquire() as connection:
            assert await halts.lift(connection)
            assert not await halts.lift(connection)

        await eventually(lambda: _has_no_trouble(anew))
        assert await anew.deliver(raw(event(), LIMIT + 1))
    assert len(anew.handled) == 1


@pytest.mark.promise("R18")
async def test_what_a_halt_cut_off_comes_again_and_does_not_halt_it_again(line: Line) -> None:
    records = nonsense(LIMIT + 20)
    assert not await line.deliver(*records)

    async with line.redelivering():
        await eventually(line.trouble)
        async with line.pool.acquire() as connection:
            await halts.lift(connection)
        await eventually(lambda: _has_no_trouble(line))

        assert await line.deliver(*records)

    assert len(await line.dead_letters()) == LIMIT + 20
    assert await halts.current(line.pool) is None


@pytest.mark.promise("R18")
async def test_resuming_lets_a_process_count_anew_that_did_not_halt_the_service_itself(line: Line) -> None:
    other = Line(line.pool)
    assert await other.deliver(*(replace(record, partition=1) for record in nonsense(LIMIT - 1)))
    await line.deliver(*nonsense())

    assert await other.trouble() is not None
    async with line.pool.acquire() as connection:
        await halts.lift(connection)
    assert await other.trouble() is None

    assert await other.deliver(raw(event(), LIMIT, {"ce_id": "nobody"}, partition=1))
    assert await halts.current(line.pool) is None


async def test_repetitions_and_heads_are_no_sign_of_health(line: Line) -> None:
    for number, record in enumerate(nonsense(), 1):
        await line.deliver(record)
        await line.deliver(raw(event(), number, offset=1_000 + number), head(number))

    assert await halts.current(line.pool) is not None


async def test_what_is_parked_keeps_its_patience_while_the_consumer_is_halted(line: Line) -> None:
    early, dead_letter = event(), event()
    line.troubles |= {early.id: not_yet, dead_letter.id: buggy}
    assert await line.deliver(raw(early, 1), raw(dead_letter, 2))
    await line.pool.execute("update parked set parked_at = now() - interval '1 hour', due_at = now()")
    await line.pool.execute("update dead_letters set replay_asked_at = now()")
    async with line.pool.acquire() as connection:
        await halts.halt(connection, "a test")

    line.troubles.clear()
    async with line.redelivering():
        await eventually(lambda: line.handled == [dead_letter.id])
        assert await line.pool.fetchval("select attempts from parked") == 0
        line.troubles[early.id] = not_yet
        async with line.pool.acquire() as connection:
            await halts.lift(connection)
        await eventually(lambda: _has_tried(line))
        line.troubles.clear()
        await eventually(lambda: line.handled == [dead_letter.id, early.id])

    assert [row["code"] for row in await line.dead_letters()] == ["handler_failed"], (
        "the parked one died of the halt"
    )


async def _has_tried(line: Line) -> bool:
    return bool(await line.pool.fetchval("select attempts > 0 from parked"))


async def _has_no_trouble(line: Line) -> bool:
    return await line.trouble() is None
