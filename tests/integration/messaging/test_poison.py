"""Records that no attempt can get past: none of them stops the line, whatever it is that they make fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.accounts import AccountRequested
from shared.contracts.envelope import ACCOUNTS
from shared.db.pool import Connection, create_pool
from shared.errors import Retryable
from shared.messaging.dead_letters import RawRecord
from shared.messaging.patience import PATIENCE_SECONDS
from shared.messaging.wire import ReplayRequested, encode_replay_request
from tests.support.eventually import eventually
from tests.support.line import Line, event, raw
from tests.support.link import link_to


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    ) as pool:
        yield Line(pool)


async def too_great(connection: Connection) -> None:
    await connection.execute("select $1::int4", 2**40)


async def too_slow(connection: Connection) -> None:
    await connection.execute("select pg_sleep(60)", timeout=0.05)


async def cancelled(connection: Connection) -> None:
    await connection.execute("set local statement_timeout = 50")
    await connection.execute("select pg_sleep(60)")


async def not_now(_: Connection) -> None:
    raise Retryable("The address was given back at this very moment.")


@pytest.mark.promise("R18")
async def test_a_value_that_no_column_takes_is_the_records_failure(line: Line) -> None:
    sick, sound = event(), event()
    line.troubles[sick.id] = too_great

    assert await line.deliver(raw(sick, 1), raw(sound, 2))

    assert line.handled == [sound.id]
    assert [(row["code"], row["attempts"]) for row in await line.dead_letters()] == [("handler_failed", 3)]


@pytest.mark.promise("R18")
@pytest.mark.parametrize("trouble", [too_slow, cancelled, not_now])
async def test_trouble_that_may_pass_holds_the_line_in_order_for_a_minute_at_most(
    line: Line, trouble: object
) -> None:
    before, sick, after = event(), event(), event()
    line.troubles[sick.id] = trouble  # type: ignore[assignment]
    batch = raw(before, 1), raw(sick, 2), raw(after, 3)

    assert not await line.deliver(*batch)
    line.now = PATIENCE_SECONDS - 1
    assert not await line.deliver(*batch)
    assert line.handled == [before.id], "what comes after it may not overtake it"
    assert await line.dead_letters() == []

    line.now = PATIENCE_SECONDS
    assert await line.deliver(*batch)
    assert line.handled == [before.id, after.id]
    [dead_letter] = await line.dead_letters()
    assert dead_letter["code"] in {"time_limit", "temporarily_unavailable"}


async def test_what_holds_up_one_partition_holds_up_no_other(line: Line) -> None:
    sick, behind, beside = event(), event(), event()
    line.troubles[sick.id] = not_now
    batch = raw(sick, 1), raw(behind, 2), raw(beside, 1, partition=1)

    assert not await line.deliver(*batch)

    assert line.handled == [beside.id]
    assert line.held == {(ACCOUNTS, 0): 1}, "only what waits may come again"
    assert line.wakes == 1, "what was handled may have recorded events"


async def test_trouble_that_passes_leaves_no_trace(line: Line) -> None:
    said = [event() for _ in range(3)]
    line.troubles[said[1].id] = not_now
    batch = [raw(each, place) for place, each in enumerate(said, 1)]
    assert not await line.deliver(*batch)

    line.troubles.clear()
    assert await line.deliver(*batch)

    assert line.handled == [each.id for each in said]
    assert await line.dead_letters() == []


@pytest.mark.promise("R18")
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_sequence", str(2**63)),
        ("ce_sequence", "-1"),
        ("ce_logposition", str(2**63)),
        ("ce_source", "gate\0way"),
        ("traceparent", "\0"),
        ("ce_time", "2026-11-20T09:30:00"),
        ("ce_time", "9999-12-31T23:59:59.999999+00:00"),
        ("na\0me", "x"),
    ],
)
async def test_an_envelope_that_no_column_takes_is_kept_and_passed(
    line: Line, header: str, value: str
) -> None:
    assert await line.deliver(raw(event(), 1, {header: value}))

    assert len(await line.dead_letters()) == (header != "na\0me")


@pytest.mark.promise("R18")
async def test_a_replay_request_of_no_place_is_kept_and_passed(line: Line) -> None:
    asked = encode_replay_request(ReplayRequested("provisioner", ACCOUNTS, 0, 2**70))

    assert await line.deliver(RawRecord(ACCOUNTS, 0, 1, None, None, tuple(asked)))

    assert [row["code"] for row in await line.dead_letters()] == ["bad_envelope"]


async def test_a_header_with_a_nul_in_its_name_is_kept_with_the_record(line: Line) -> None:
    assert await line.deliver(raw(event(), 1, {"na\0me": "x", "ce_id": "nobody"}))

    [dead_letter] = await line.dead_letters()
    assert ["na\ufffdme", "eA=="] in dead_letter["headers"]


async def test_a_database_that_stands_still_in_the_middle_of_a_handler_is_away_and_no_record_dies(
    database_url: str,
) -> None:
    place = urlsplit(database_url)
    async with link_to(place.hostname or "", place.port or 5432) as link:
        url = place._replace(netloc=f"{place.username}:{place.password or ''}@127.0.0.1:{link.port}").geturl()
        async with await create_pool(
            url, schema="provisioner", role="mailwright_provisioner", application="test", command_timeout=0.2
        ) as pool:
            line = Line(pool)
            said = event()

            async def frozen(connection: Connection) -> None:
                link.freeze()
                await connection.execute("select 1")

            line.troubles[said.id] = frozen
            for _ in range(2):
                assert not await line.deliver(raw(said, 1))
                line.now += PATIENCE_SECONDS
                link.mend()

            line.troubles.clear()
            await eventually(lambda: line.deliver(raw(said, 1)), what="a statement within its short time")
            assert set(line.handled) == {said.id}
            assert await line.dead_letters() == []


@pytest.mark.promise("R18")
async def test_a_lock_that_is_held_for_minutes_is_an_outage_and_no_record_dies(database_url: str) -> None:
    async with await create_pool(
        database_url,
        schema="provisioner",
        role="mailwright_provisioner",
        application="test",
        command_timeout=0.6,
    ) as pool:
        line = Line(pool, frozenset({AccountRequested}))
        said = [event(AccountRequested.TYPE, request_id=UUID(int=number)) for number in (1, 2)]
        line.troubles = dict.fromkeys((each.id for each in said), changing_addresses)
        batch = [raw(each, place) for place, each in enumerate(said, 1)]
        migration = await asyncpg.connect(database_url)
        try:
            async with migration.transaction():
                await migration.execute("create index on provisioner.address (state)")
                for _ in range(3):
                    assert not await line.deliver(*batch)
                    line.now += PATIENCE_SECONDS
        finally:
            await migration.close()

        await eventually(lambda: line.deliver(*batch), what="statements within their short time")
        assert line.handled[-2:] == [each.id for each in said]
        assert await line.dead_letters() == []
        assert await pool.fetch("select * from handled_request") == []


async def changing_addresses(connection: Connection) -> None:
    await connection.execute("update address set state = state where false")
