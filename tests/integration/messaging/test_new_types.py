"""Two versions of one service side by side: a type that only the newer one knows is lost by neither."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from shared.contracts.accounts import AccountRequested
from shared.contracts.registry import EVENT_TYPES
from shared.db.pool import Connection, create_pool
from shared.errors import NotYet
from shared.messaging import dead_letters
from tests.support.eventually import eventually
from tests.support.line import RESERVED, Line, event, raw
from tests.support.plans import steps_of

REQUESTED = "mailwright.account.requested.v1"


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    ) as pool:
        yield Line(pool, frozenset({AccountRequested}))


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Make this the code of a version that knows neither type; `undo` is the upgrade."""
    for name in (RESERVED, REQUESTED):
        monkeypatch.delitem(EVENT_TYPES, name)
    return monkeypatch


async def buggy(_: Connection) -> None:
    raise LookupError("a bug")


async def not_yet(_: Connection) -> None:
    raise NotYet("What it depends on has not arrived.")


@pytest.mark.promise("R18")
async def test_newer_code_handles_in_order_what_older_code_kept_and_no_number_of_them_stops_the_older(
    line: Line, older: pytest.MonkeyPatch
) -> None:
    said = [event() for _ in range(250)]
    for place, each in enumerate(said, 1):
        assert await line.deliver(raw(each, place))
    assert line.handled == []

    older.undo()
    async with line.redelivering():
        await eventually(lambda: len(line.handled) == len(said))

    assert line.handled == [each.id for each in said]
    assert all(each["replay_asked_at"] and each["replayed_at"] for each in await line.dead_letters())


@pytest.mark.promise("R18")
async def test_older_code_leaves_them_to_the_newer(line: Line, older: pytest.MonkeyPatch) -> None:
    parked = event("mailwright.account.provisioned.v1")
    line.troubles[parked.id] = not_yet
    assert await line.deliver(raw(event(), 1))
    assert await line.deliver(raw(parked, 2))

    async with line.redelivering():
        await eventually(lambda: _was_tried(line, "parked", 3), what="both were due more than once")

    [dead_letter] = await line.dead_letters()
    assert (dead_letter["code"], dead_letter["attempts"], dead_letter["replayed_at"]) == (
        "unknown_type",
        1,
        None,
    )


async def test_what_comes_again_or_too_early_is_not_kept_twice(line: Line, older: pytest.MonkeyPatch) -> None:
    first, second = raw(event(), 1), raw(event(), 2)

    for record in (second, first, first, second):
        assert await line.deliver(record)

    assert [each["value"] for each in await line.dead_letters()] == [first.value, second.value]


async def test_newer_code_tries_for_a_while_where_the_cause_is_missing(
    line: Line, older: pytest.MonkeyPatch
) -> None:
    asked = event(REQUESTED, request_id=UUID(int=7))
    assert await line.deliver(raw(asked, 1))
    older.undo()
    line.troubles[asked.id] = not_yet

    async with line.redelivering():
        await eventually(lambda: _was_tried(line, "dead_letters", 2))
        line.troubles.clear()
        await eventually(lambda: line.handled == [asked.id])


@pytest.mark.promise("R18")
async def test_a_request_that_newer_code_cannot_handle_is_answered_at_the_last_attempt(
    line: Line, older: pytest.MonkeyPatch
) -> None:
    asked = event(REQUESTED, request_id=UUID(int=7))
    assert await line.deliver(raw(asked, 1))
    older.undo()
    line.troubles[asked.id] = buggy

    async with line.redelivering():
        await eventually(lambda: _was_tried(line, "dead_letters", 2))
        assert await answers(line) == []
        last = dead_letters.KNOWN_LIMIT
        await line.pool.execute(
            "update dead_letters set attempts = $1, last_at = now() - interval '1 hour'", last
        )
        await eventually(lambda: _was_tried(line, "dead_letters", last + 1))

    assert await answers(line) == ["failed"]
    [dead_letter] = await line.dead_letters()
    assert dead_letter["reason"] == "Handling it again failed with LookupError."


@pytest.mark.promise("R18")
async def test_a_request_whose_replay_fails_is_answered_once(line: Line) -> None:
    cured = event(REQUESTED, request_id=UUID(int=7))
    assert await line.deliver(replace(raw(cured, 1), value=b"{"))
    line.troubles[cured.id] = buggy

    async with line.redelivering():
        for attempts in (2, 3):
            await line.pool.execute(
                "update dead_letters set replay_asked_at = now(), value = $1", raw(cured, 1).value
            )
            await eventually(lambda: _was_tried(line, "dead_letters", attempts))  # noqa: B023  awaited here

    assert await answers(line) == ["failed"]


async def answers(line: Line) -> list[str]:
    rows = await line.pool.fetch("select data from event_pending order by id")
    return [json.loads(row["data"])["outcome"] for row in rows]


async def _was_tried(line: Line, table: str, times: int) -> bool:
    return bool(await line.pool.fetchval(f"select max(attempts) from {table}") >= times)


async def test_what_nobody_knows_does_not_hold_up_what_became_known(
    line: Line, older: pytest.MonkeyPatch
) -> None:
    said = event()
    assert await line.deliver(raw(said, 1))
    await line.pool.execute(
        """
        insert into dead_letters (topic, partition, record_offset, headers, code, reason)
        select 'x', 0, n, jsonb_build_array(jsonb_build_array('ce_type', repeat(encode('nobody', 'base64'), n))),
            'unknown_type', 'x'
        from generate_series(1, 1000) as n
        """
    )
    older.undo()

    async with line.pool.acquire() as connection, connection.transaction():
        plan = await connection.fetchval(
            f"explain (analyze, format json) {dead_letters.TAKE_KNOWN}",
            [base64.b64encode(name.encode()).decode() for name in EVENT_TYPES],
            dead_letters.KNOWN_LIMIT,
            0,
        )
    visited = [step for step in steps_of(plan) if step.get("Relation Name") == "dead_letters"]
    assert sum(step["Actual Rows"] * step["Actual Loops"] for step in visited) < 10
    assert not any(step.get("Rows Removed by Filter") for step in visited)
