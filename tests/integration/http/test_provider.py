"""What a provider call's failure means: the four kinds, told apart over real sockets, under one shared gate."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from mailwright.ports import free_port
from shared.clock import SystemClock
from shared.db.pool import Pool, create_pool
from shared.errors import Retryable, Unknown
from shared.http.client import build_client
from shared.http.errors import ProviderRefused, ProviderThrottled
from shared.http.gate import FAILURE_LIMIT, Gate
from shared.http.provider import Provider

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    )
    yield opened
    await opened.close()


@asynccontextmanager
async def provider_that(answer: Answer, pool: Pool, credential: str = "key") -> AsyncIterator[Provider]:
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gate = Gate(pool, "acme", credential, rate_per_second=1000, burst=100)
    async with build_client(f"http://127.0.0.1:{port}") as client:
        yield Provider("acme", client, gate, SystemClock())
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


def says(status: str, body: str = "", headers: str = "") -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode())
        await writer.drain()

    return answer


async def cuts(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hangs(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def test_an_answer_is_parsed(pool: Pool) -> None:
    async with provider_that(says("200 OK", '{"id": 7}'), pool) as provider:
        assert await provider.call("things.get", "GET", "/things/7") == {"id": 7}


async def test_a_refusal_is_definite_and_shows_no_body(pool: Pool) -> None:
    async with provider_that(
        says("403 Forbidden", '{"code": "resource_taken", "message": "secret"}'), pool
    ) as provider:
        with pytest.raises(ProviderRefused) as refusal:
            await provider.call("things.create", "POST", "/things", json={})

    assert (refusal.value.status, refusal.value.body["code"]) == (403, "resource_taken")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "answer", [cuts, says("500 Oops"), says("502 Bad Gateway"), says("200 OK", "{not json")]
)
async def test_what_may_have_happened_is_unknown(pool: Pool, answer: Answer) -> None:
    async with provider_that(answer, pool) as provider:
        with pytest.raises(Unknown):
            await provider.call("things.create", "POST", "/things", json={})


async def test_a_call_that_is_not_answered_in_time_is_unknown(pool: Pool) -> None:
    async with provider_that(hangs, pool) as provider:
        with pytest.raises(Unknown):
            await provider.call("things.create", "POST", "/things", json={}, read_seconds=0.05)


async def test_a_refused_connection_was_never_sent(pool: Pool) -> None:
    gate = Gate(pool, "acme", "nobody", rate_per_second=1000, burst=100)
    async with build_client(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(Retryable, match="could not be sent"):
            await Provider("acme", client, gate, SystemClock()).call("things.get", "GET", "/")


@pytest.mark.promise("R11")
async def test_no_process_calls_before_retry_after_has_passed(pool: Pool) -> None:
    async with provider_that(says("429 Too Many", headers="Retry-After: 30\r\n"), pool) as provider:
        with pytest.raises(ProviderThrottled) as first:
            await provider.call("things.get", "GET", "/")
    assert first.value.retry_after is not None
    assert first.value.retry_after >= 30

    async with provider_that(says("200 OK", "{}"), pool) as another_process:
        with pytest.raises(ProviderThrottled) as second:
            await another_process.call("things.get", "GET", "/")
    assert second.value.retry_after is not None
    assert 25 < second.value.retry_after <= 30


@pytest.mark.promise("R11")
async def test_the_breaker_opens_after_failures_in_a_row_and_a_probe_closes_it(pool: Pool) -> None:
    async with provider_that(says("500 Oops"), pool, "breaker") as provider:
        for _ in range(FAILURE_LIMIT):
            with pytest.raises(Unknown):
                await provider.call("things.get", "GET", "/")
        with pytest.raises(ProviderThrottled):
            await provider.call("things.get", "GET", "/")

    await pool.execute(
        "update providers.gate set blocked_until = clock_timestamp() where credential = 'breaker'"
    )

    async with provider_that(says("200 OK", "{}"), pool, "breaker") as provider:
        for _ in range(3):
            assert await provider.call("things.get", "GET", "/") == {}


async def test_a_spent_budget_is_a_wait_as_long_as_it_takes_to_fill(pool: Pool) -> None:
    gate = Gate(pool, "acme", "spent", rate_per_second=0.05, burst=4)
    for _ in range(4):
        await gate.enter()
    blocked_until = "select blocked_until from providers.gate where credential = 'spent'"
    assert await pool.fetchval(f"select ({blocked_until}) = '-infinity'")

    with pytest.raises(ProviderThrottled) as spent:
        await gate.enter()

    assert spent.value.retry_after is not None
    assert 10 < spent.value.retry_after <= 20


async def test_a_budget_of_less_than_one_call_a_second_lets_calls_through(pool: Pool) -> None:
    gate = Gate(pool, "acme", "slow", rate_per_second=0.05, burst=0.5)
    for _ in range(3):
        await gate.enter()
        with pytest.raises(ProviderThrottled):
            await gate.enter()
        await pool.execute(
            "update providers.gate set refilled_at = refilled_at - interval '20 s' where credential = 'slow'"
        )
