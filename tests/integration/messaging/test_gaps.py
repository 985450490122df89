"""What a consumer holds to be missing: as much as the producer's newest head says, whatever was said before."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.contracts.envelope import ACCOUNTS
from shared.db.pool import create_pool
from shared.messaging.dead_letters import RawRecord
from shared.messaging.log_store import gaps_to_ask_for
from shared.messaging.wire import LogHead, encode_log_head
from tests.support.line import Line, event, raw

FORGED = 10**15


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    ) as pool:
        yield Line(pool)


def head(position: int) -> RawRecord:
    headers = encode_log_head(LogHead("gateway", ACCOUNTS, 0, position))
    return RawRecord(ACCOUNTS, 0, 5_000 + position, None, b"", tuple(headers))


@pytest.mark.promise("R06")
@pytest.mark.parametrize("forged", [head(FORGED), raw(event(), FORGED)])
async def test_a_gap_that_never_was_ends_with_the_next_head(line: Line, forged: RawRecord) -> None:
    assert await line.deliver(raw(event(), 1), forged)
    assert await _asked(line) == 1

    assert await line.deliver(head(1))

    assert await _known(line) == []


@pytest.mark.promise("R06")
@pytest.mark.parametrize("forged", [head(FORGED), raw(event(), FORGED)])
async def test_a_true_gap_outlives_a_forged_one_and_ends_when_it_is_filled(
    line: Line, forged: RawRecord
) -> None:
    assert await line.deliver(raw(event(), 1), forged)
    assert await line.deliver(head(3))
    assert await _known(line) == [3]

    assert await line.deliver(raw(event(), 2), raw(event(), 3))

    assert await _known(line) == []


@pytest.mark.promise("R06", "R08")
async def test_a_head_is_no_reason_to_ask_again_and_no_answer(line: Line) -> None:
    assert await line.deliver(raw(event(), 1), head(3))
    assert await _asked(line) == 1
    asked_at = await line.pool.fetchval("select asked_at from consumer_gap")

    assert await line.deliver(head(4))

    assert await line.pool.fetchval("select asked_at from consumer_gap") == asked_at


async def test_a_head_before_a_record_does_not_hide_that_something_is_missing(line: Line) -> None:
    assert await line.deliver(raw(event(), 1), raw(event(), 3))

    assert await line.deliver(head(1), raw(event(), 3))

    assert await _known(line) == [3]


async def _asked(line: Line) -> int:
    async with line.pool.acquire() as connection:
        return len(await gaps_to_ask_for(connection))


async def _known(line: Line) -> list[int]:
    return [row["known"] for row in await line.pool.fetch("select known from consumer_gap")]
