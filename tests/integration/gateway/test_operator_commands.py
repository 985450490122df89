"""The operator's commands on a real database: dead letters are listed, shown and asked for again, and so are parts of a log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from mailwright.cli import app
from shared.contracts.envelope import ACCOUNTS
from shared.db.pool import Pool, create_pool
from shared.messaging import halts
from shared.messaging.dead_letters import RawRecord, keep
from tests.support.line import event, raw

RECORD = RawRecord(ACCOUNTS, 2, 17, b"key", b'{"a": 1}', (("ce_id", b"x"), ("bad", b"\xff"), ("none", None)))


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    made = await create_pool(database_url, schema="gateway", role="mailwright_gateway", application="test")
    async with made:
        yield made


async def bury(pool: Pool, record: RawRecord = RECORD) -> None:
    async with pool.acquire() as connection:
        await keep(connection, record, code="handler_failed", reason="It failed.", attempts=3)


async def run(database_url: str, *arguments: str) -> Any:
    environment = {"MAILWRIGHT_DATABASE_URL": database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environment)


async def test_dead_letters_are_listed_shown_and_asked_for_again(pool: Pool, database_url: str) -> None:
    assert (await run(database_url, "dead-letters", "list")).output == "There are no dead letters.\n"
    await bury(pool)

    listed = await run(database_url, "dead-letters", "list")
    assert listed.exit_code == 1
    assert listed.output.split()[:3] == ["gateway:1", "kept", "handler_failed"]
    assert f"{ACCOUNTS}/2/17" in listed.output

    shown = json.loads((await run(database_url, "dead-letters", "show", "gateway:1")).output)
    assert shown["headers"] == {"ce_id": "x", "bad": "\\xff", "none": None}
    assert shown["data"] == {"a": 1}
    assert shown["attempts"] == 3

    assert (await run(database_url, "dead-letters", "replay", "gateway:1")).exit_code == 0
    assert await pool.fetchval("select replay_asked_at is not null from dead_letters")
    assert (await run(database_url, "dead-letters", "list")).exit_code == 0

    await pool.execute("update dead_letters set replayed_at = now()")
    assert (await run(database_url, "dead-letters", "replay", "gateway:1")).exit_code == 2
    assert "no dead letters" in (await run(database_url, "dead-letters", "list")).output
    assert "replayed" in (await run(database_url, "dead-letters", "list", "--all")).output


async def test_a_dead_letter_that_need_not_be_handled_is_put_away(pool: Pool, database_url: str) -> None:
    await bury(pool)

    assert (await run(database_url, "dead-letters", "dismiss", "gateway:1")).exit_code == 0

    assert "no dead letters" in (await run(database_url, "dead-letters", "list")).output
    assert "dismissed" in (await run(database_url, "dead-letters", "list", "--all")).output
    for command in ("dismiss", "replay"):
        assert (await run(database_url, "dead-letters", command, "gateway:1")).exit_code == 2


async def test_what_is_no_json_is_shown_without_losing_a_byte(pool: Pool, database_url: str) -> None:
    await bury(pool, RawRecord(ACCOUNTS, 0, 1, None, b"\xff{", ()))
    await bury(pool, RawRecord(ACCOUNTS, 0, 2, None, None, ()))

    assert (
        json.loads((await run(database_url, "dead-letters", "show", "gateway:1")).output)["data"] == "\\xff{"
    )
    assert json.loads((await run(database_url, "dead-letters", "show", "gateway:2")).output)["data"] is None


@pytest.mark.parametrize("name", ["gateway:99", "gateway:", "7", "nobody:1"])
async def test_a_name_of_no_dead_letter_is_refused(pool: Pool, database_url: str, name: str) -> None:
    for command in ("show", "replay"):
        answer = await run(database_url, "dead-letters", command, name)
        assert answer.exit_code == 2
        assert "no dead letter" in answer.output


async def test_a_part_of_a_log_is_asked_for_from_its_earliest_place(pool: Pool, database_url: str) -> None:
    await pool.execute("insert into relay_cursor (topic, partition, published) values ($1, 1, 20)", ACCOUNTS)
    place = ("--service", "gateway", "--topic", ACCOUNTS, "--partition", "1")

    first = await run(database_url, "events", "replay", *place, "--after", "12")
    await run(database_url, "events", "replay", *place, "--after", "15")

    assert "8 events" in first.output
    assert [tuple(row) for row in await pool.fetch("select topic, partition, after from replay_asked")] == [
        (ACCOUNTS, 1, 12)
    ]
    assert (await run(database_url, "events", "replay", "--service", "x", *place[2:])).exit_code == 2


async def test_the_stack_of_the_data_folder_is_meant_where_no_database_is_named(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    await bury(pool)
    (tmp_path / "stack.json").write_text(json.dumps({"database_url": database_url}))

    listed = await run("", "dead-letters", "list", "--data-dir", str(tmp_path))

    assert listed.output.startswith("gateway:1 ")


async def test_a_database_that_is_away_or_unnamed_is_one_line(tmp_path: Path) -> None:
    away = await run("postgresql://nobody@127.0.0.1:1/none", "dead-letters", "list")
    unnamed = await run("", "projections", "verify", "--data-dir", str(tmp_path))

    for answer in (away, unnamed):
        assert answer.exit_code == 2
        assert answer.output.startswith("mailwright: ")
        assert "Traceback" not in answer.output


async def test_a_dead_letter_whose_place_another_one_took_is_still_listed(
    pool: Pool, database_url: str
) -> None:
    await bury(pool)
    await bury(pool, replace(RECORD, value=b"another"))

    listed = (await run(database_url, "dead-letters", "list")).output.splitlines()

    assert [line.split()[0] for line in listed] == ["gateway:1", "gateway:2"]
    assert f"{ACCOUNTS}/2/gone" in listed[0]
    assert f"{ACCOUNTS}/2/17" in listed[1]


async def test_a_request_that_was_answered_is_not_asked_for_again(pool: Pool, database_url: str) -> None:
    request = event("mailwright.account.requested.v1", request_id=UUID(int=7))
    await bury(pool, raw(request, 1))
    await pool.execute("insert into handled_request (request_id, answer) values ($1, '{}')", UUID(int=7))

    answer = await run(database_url, "dead-letters", "replay", "gateway:1")

    assert answer.exit_code == 2
    assert "has to ask again" in answer.output
    assert await pool.fetchval("select replay_asked_at from dead_letters") is None


@pytest.mark.promise("R18")
async def test_a_request_that_was_not_answered_is_not_put_away(pool: Pool, database_url: str) -> None:
    request = event("mailwright.account.requested.v1", request_id=UUID(int=7))
    await bury(pool, raw(request, 1))

    answer = await run(database_url, "dead-letters", "dismiss", "gateway:1")

    assert answer.exit_code == 2
    assert "whoever sent it waits" in answer.output
    assert await pool.fetchval("select replayed_at from dead_letters") is None

    await pool.execute("insert into handled_request (request_id) values ($1)", UUID(int=7))
    assert (await run(database_url, "dead-letters", "dismiss", "gateway:1")).exit_code == 0


async def test_a_halted_consumer_is_listed_and_let_go_on(pool: Pool, database_url: str) -> None:
    listed = await run(database_url, "consumers", "list")
    assert (listed.exit_code, listed.output.count("consumes")) == (0, 4)
    async with pool.acquire() as connection:
        await halts.halt(connection, "100 records in a row could not be handled")

    listed = await run(database_url, "consumers", "list")
    assert listed.exit_code == 1
    [line] = [line for line in listed.output.splitlines() if "consumes" not in line]
    assert line.startswith("gateway      halted")
    assert line.endswith("100 records in a row could not be handled")

    assert (await run(database_url, "consumers", "resume", "gatway")).exit_code == 2
    assert (await run(database_url, "consumers", "resume", "gateway")).output.startswith(
        "gateway consumes again"
    )
    assert await halts.current(pool) is None
    assert (await run(database_url, "consumers", "resume", "gateway")).output == "gateway was not halted\n"
