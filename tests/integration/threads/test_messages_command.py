"""`mailwright messages`: an operator sees what is not settled, and settles what nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner

from mailwright.cli import app
from shared.db.pool import create_pool
from tests.integration.threads.bench import Bench
from tests.integration.threads.post_office import SAM, Message, PostOffice, open_post_office
from tests.support.simulator import Simulated


@pytest.fixture
async def office(database_url: str, simulator: Simulated) -> AsyncIterator[PostOffice]:
    """A post office on a database of its own, which the command is told."""
    pool = await create_pool(database_url, schema="threads", role="mailwright_threads", application="test")
    async with pool, open_post_office(Bench(pool), simulator) as opened:
        yield opened


async def run(database_url: str, *arguments: str) -> Any:
    environment = {"MAILWRIGHT_DATABASE_URL": database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, ["messages", *arguments], env=environment)


async def unknown(office: PostOffice) -> Message:
    """A message of which nobody knows whether it left: its inbox went away without an answer."""
    message = await office.queued()
    office.fault("drop", when="after")
    await office.work()
    await office.bench.pool.execute("update sender set inbox_id = null")
    await office.work(minutes=1)
    return message


@pytest.mark.promise("I11")
@pytest.mark.parametrize(
    ("word", "fact", "counted"), [("--sent", "message_sent", 1), ("--failed", "message_failed", 0)]
)
async def test_an_operator_says_what_became_of_a_message(
    office: PostOffice, database_url: str, word: str, fact: str, counted: int
) -> None:
    assert (await run(database_url, "list")).output == "There are no such messages.\n"
    message = await unknown(office)

    listed = await run(database_url, "list", "--unknown")
    assert listed.exit_code == 1
    assert listed.output.split()[:2] == [str(message.id), "unknown"]
    assert f"{SAM} to ann@example.com  message_outcome_unknown" in listed.output

    resolved = await run(database_url, "resolve", str(message.id), word)

    assert (resolved.exit_code, resolved.output) == (0, f"{message.id} is {word[2:]}\n")
    assert await message.names() == ["message_queued", "message_unknown", fact]
    assert (await office.bench.row("thread", message.thread_id))["sent"] == counted
    assert await office.bench.sent_on(message.account_id) == counted
    assert (await message.answer())["outcome"] == "done", "it was answered before, once"
    assert (await run(database_url, "list")).exit_code == 0
    assert await office.work(hours=24) == 0


async def test_only_what_is_unknown_can_be_settled(office: PostOffice, database_url: str) -> None:
    message = await office.queued()

    queued = await run(database_url, "resolve", str(message.id), "--failed")
    nobodys = await run(database_url, "resolve", str(message.thread_id), "--sent")

    assert (queued.exit_code, nobodys.exit_code) == (1, 1)
    assert await message.names() == ["message_queued"]
    assert (await run(database_url, "list")).output.split()[:2] == [str(message.id), "queued"]
    assert (await run(database_url, "list", "--unknown")).output == "There are no such messages.\n"
