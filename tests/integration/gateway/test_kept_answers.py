"""Answers at rest: sealed when they hold secrets, closed once, forgotten when they expire; and the declared tables."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

import services.gateway.tables_projection  # noqa: F401  declares its tables beside ours
from services.gateway.requests.model import StoredResponse
from services.gateway.requests.reads import answers_of
from services.gateway.requests.store_answers import close_requests, forget_expired, load_open
from services.gateway.tables import metadata
from shared.clock import SystemClock
from shared.security.vault import MasterKeys, VaultError
from tests.support.catalogue import differences
from tests.support.gateway import MASTER_KEYS, GatewaySide

ACCOUNTS = "/api/email/accounts"
BODY = {"username": "ada", "domain_id": "0199aaaa-0000-7000-8000-00000000000d"}
SECRET = StoredResponse(201, {"Content-Type": "application/json"}, b'{"key":"hush"}', is_secret=True)


@pytest.mark.promise("R32")
async def test_an_answer_with_secrets_is_sealed_at_rest_and_sent_as_it_was(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    waiting = asyncio.create_task(api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k"}))
    [row] = await gateway.open_requests()
    async with gateway.pool.acquire() as connection:
        opened = await load_open(connection, [row["id"]])
        closing = [(opened[row["id"]], SECRET)]
        with pytest.raises(VaultError):
            await close_requests(connection, closing, at=SystemClock().now())
        keys = MasterKeys.parse(MASTER_KEYS)
        assert await close_requests(connection, closing, at=SystemClock().now(), keys=keys) == 1

    answer = await waiting
    again = await api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k"})

    assert answer.content == again.content == SECRET.body
    stored = await gateway.pool.fetchval("select encode(body, 'escape') from request")
    assert "hush" not in stored
    assert await answers_of(gateway.pool, [row["id"]], None) == {}


async def test_an_answer_that_does_not_open_here_holds_up_no_other_call(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    waiting, other = (
        asyncio.create_task(api.post(ACCOUNTS, json={**BODY, "username": name}))
        for name in ("sealed", "plain")
    )
    rows = await gateway.open_requests(2)
    sealed, plain = sorted(rows, key=lambda row: row["data"]["username"] == "plain")
    next_keys = MasterKeys({1: b"1" * 32, 2: b"2" * 32})
    async with gateway.pool.acquire() as connection:
        opened = await load_open(connection, [row["id"] for row in rows])
        closing = [(opened[sealed["id"]], SECRET), (opened[plain["id"]], replace(SECRET, is_secret=False))]
        assert await close_requests(connection, closing, at=SystemClock().now(), keys=next_keys) == 2

    answer = await other

    assert (answer.status_code, answer.content) == (201, SECRET.body)
    assert not waiting.done()
    waiting.cancel()


async def test_a_request_is_closed_once(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    await api.post(ACCOUNTS, json=BODY, headers={"Prefer": "respond-async"})
    [row] = await gateway.open_requests()
    plain = replace(SECRET, is_secret=False)
    async with gateway.pool.acquire() as connection:
        opened = (await load_open(connection, [row["id"]]))[row["id"]]
        first = await close_requests(connection, [(opened, plain)], at=SystemClock().now())
        second = await close_requests(
            connection, [(opened, replace(plain, status=409))], at=SystemClock().now()
        )
        assert await load_open(connection, [row["id"]]) == {}

    assert (first, second) == (1, 0)
    assert (await answers_of(gateway.pool, [row["id"]], None))[row["id"]].status == 201


async def test_expired_answers_are_forgotten_and_open_requests_are_not(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    for name in ("ada", "bob"):
        body, headers = {**BODY, "username": name}, {"Prefer": "respond-async", "Idempotency-Key": name}
        await api.post(ACCOUNTS, json=body, headers=headers)
    ada, _ = await gateway.open_requests(2)
    now = SystemClock().now()
    async with gateway.pool.acquire() as connection:
        opened = (await load_open(connection, [ada["id"]]))[ada["id"]]
        await close_requests(connection, [(opened, replace(SECRET, is_secret=False))], at=now)

        assert await forget_expired(connection, now) == 0
        assert await forget_expired(connection, now + timedelta(days=8)) == 1
        assert await forget_expired(connection, now + timedelta(days=8)) == 0

    rows = await gateway.pool.fetch("select body, idempotency_key, state from request order by id")
    assert [tuple(row) for row in rows] == [(None, None, "answered"), (None, "bob", "open")]


async def test_declared_tables_are_migrated_ones(database_url: str) -> None:
    assert await differences(database_url, "gateway", metadata.sorted_tables) == []
