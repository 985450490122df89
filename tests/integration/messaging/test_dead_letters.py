"""Records that were put aside or kept as dead letters: each is there until it is handled, and none hides another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from shared.contracts.accounts import AccountRequested
from shared.db.pool import Connection, create_pool
from shared.errors import NotYet, Retryable
from shared.messaging.dead_letters import ANSWERED
from tests.support.eventually import eventually
from tests.support.line import Line, event, raw


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    ) as pool:
        yield Line(pool, frozenset({AccountRequested}))


async def buggy(_: Connection) -> None:
    raise LookupError("a bug")


async def not_yet(_: Connection) -> None:
    raise NotYet("What it depends on has not arrived.")


async def not_now(_: Connection) -> None:
    raise Retryable("It may be tried again.")


@pytest.mark.promise("R18")
async def test_another_record_at_the_place_of_a_dead_letter_is_one_of_its_own(line: Line) -> None:
    first, second = event(), event()
    line.troubles |= {first.id: buggy, second.id: buggy}

    for record in (raw(first, 1, offset=7), raw(second, 2, offset=7)):
        assert await line.deliver(record)

    dead_letters = await line.dead_letters()
    assert [row["value"] for row in dead_letters] == [raw(each, 1).value for each in (first, second)]
    assert dead_letters[0]["record_offset"] < 0, "the first one's place is gone with its topic"
    assert dead_letters[1]["record_offset"] == 7


@pytest.mark.promise("R18")
async def test_the_same_dead_record_again_counts_attempts_only(line: Line) -> None:
    stranger = raw(event(), 1, {"ce_source": None})

    assert await line.deliver(stranger)
    assert await line.deliver(stranger)

    assert [row["attempts"] for row in await line.dead_letters()] == [2]


async def test_a_replay_that_fails_leaves_the_dead_letter_kept(line: Line) -> None:
    sick = event()
    line.troubles[sick.id] = buggy
    assert await line.deliver(raw(sick, 1))
    await line.pool.execute("update dead_letters set replay_asked_at = now()")

    async with line.redelivering():
        await eventually(lambda: _has_attempts(line, 4))

    [dead_letter] = await line.dead_letters()
    assert (dead_letter["replay_asked_at"], dead_letter["replayed_at"]) == (None, None)
    assert dead_letter["reason"] == "Handling it again failed with LookupError."


@pytest.mark.promise("R18")
async def test_a_parked_record_that_cannot_be_read_any_more_is_kept_and_the_next_one_is_handled(
    line: Line,
) -> None:
    unreadable, sound = event(), event()
    line.troubles |= {unreadable.id: not_yet, sound.id: not_yet}
    assert await line.deliver(raw(unreadable, 1), raw(sound, 2))
    await line.pool.execute("update parked set value = '{' where event_id = $1", unreadable.id)
    line.troubles.clear()

    async with line.redelivering():
        await eventually(lambda: _has_parked(line, 0))

    assert line.handled == [sound.id]
    assert [row["code"] for row in await line.dead_letters()] == ["bad_data"]


async def test_a_parked_record_that_may_be_tried_again_stays_parked(line: Line) -> None:
    early = event()
    line.troubles[early.id] = not_yet
    assert await line.deliver(raw(early, 1))
    line.troubles[early.id] = not_now

    async with line.redelivering():
        await eventually(lambda: _has_tried(line, 2))
        line.troubles.clear()
        await eventually(lambda: _has_parked(line, 0))

    assert line.handled == [early.id]
    assert await line.dead_letters() == []


async def _has_attempts(line: Line, expected: int) -> bool:
    return [row["attempts"] for row in await line.dead_letters()] == [expected]


async def _has_parked(line: Line, expected: int) -> bool:
    return bool(await line.pool.fetchval("select count(*) from parked") == expected)


async def _has_tried(line: Line, attempts: int) -> bool:
    return bool(await line.pool.fetchval("select max(attempts) from parked") >= attempts)


@pytest.mark.promise("R18")
async def test_a_dead_request_whose_client_was_told_is_not_handled_again(line: Line) -> None:
    lost = event("mailwright.account.requested.v1", request_id=UUID(int=7))
    line.troubles[lost.id] = buggy
    assert await line.deliver(raw(lost, 1))
    line.troubles.clear()
    await line.pool.execute("update dead_letters set replay_asked_at = now()")

    async with line.redelivering():
        await eventually(lambda: _has_attempts(line, 4))

    [dead_letter] = await line.dead_letters()
    assert (dead_letter["replay_asked_at"], dead_letter["replayed_at"]) == (None, None)
    assert dead_letter["reason"] == ANSWERED
    assert line.handled == []
    assert await line.pool.fetchval("select count(*) from event_pending") == 1, "answered once"


async def test_a_dead_request_that_nobody_could_read_is_handled_when_it_is_asked_for(line: Line) -> None:
    cured = event("mailwright.account.requested.v1", request_id=UUID(int=7))
    assert await line.deliver(replace(raw(cured, 1), value=b"{"))
    await line.pool.execute(
        "update dead_letters set replay_asked_at = now(), value = $1", raw(cured, 1).value
    )

    async with line.redelivering():
        await eventually(lambda: bool(line.handled))

    assert line.handled == [cured.id]
    assert (await line.dead_letters())[0]["replayed_at"] is not None
