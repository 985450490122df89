"""Fifty clients at once, and the service dying in between: one thread per sender and recipient."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.envelope import THREADS, Received, Recorded
from shared.contracts.threads import ThreadRequested
from tests.integration.threads.bench import CALLER, START, TENANT, WORKSPACE, Bench, ids

CLIENTS, ROUNDS, LANES = 50, 20, 8


@pytest.mark.contract("S3-27", "S3-28", "S3-36")
@pytest.mark.promise("I1")
async def test_of_fifty_creates_at_once_one_is_done_and_the_others_name_it(bench: Bench) -> None:
    for number in range(ROUNDS):
        account = await bench.account(address=f"s{number}@myagentmail.com")
        requests = [_request(account, f"Race{number % 2}@Example.com") for _ in range(CLIENTS)]

        await _handle_all(bench, requests, dying_after=number)
        await _handle_all(bench, requests, dying_after=None)

        rows = await bench.pool.fetch(
            "select id from thread where account_id = $1 and status = 'draft'", account
        )
        [winner] = [row["id"] for row in rows]
        asked = {str(each.request_id) for each in requests}
        answers = {
            told.data["request_id"]: told.data
            for told in await bench.told()
            if told.name == "request_answered" and told.data["request_id"] in asked
        }
        assert len(answers) == CLIENTS
        assert Counter(answer["code"] for answer in answers.values()) == {
            None: 1,
            "thread_exists": CLIENTS - 1,
        }
        assert {answer["subject_id"] for answer in answers.values()} == {str(winner)}
        assert await bench.names(winner) == ["drafted"]
        await bench.pool.execute("delete from event_pending")


def _request(account_id: UUID, participant: str) -> Recorded:
    data = ThreadRequested(
        caller=CALLER, workspace_id=WORKSPACE, account_id=account_id, participant_email=participant
    )
    return Recorded(ids.new(), ids.new(), START, TENANT, WORKSPACE, data, request_id=ids.new())


async def _handle_all(bench: Bench, requests: list[Recorded], *, dying_after: int | None) -> None:
    """Handle requests in several transactions at a time; after so many, connections are cut in the middle of one."""
    waiting = list(requests)

    async def lane() -> None:
        while waiting:
            request = waiting.pop()
            try:
                async with bench.pool.acquire() as connection, connection.transaction():
                    await bench.handle(connection, [Received(request, "test", THREADS, 0, 1)])
                    if dying_after is not None and len(waiting) % LANES == dying_after % LANES:
                        await connection.execute("select pg_terminate_backend(pg_backend_pid())")
            except (asyncpg.PostgresError, asyncpg.InterfaceError):
                assert dying_after is not None

    await asyncio.gather(*(lane() for _ in range(LANES)))
