"""Accepting requests over real HTTP: written once with their event, waited for, answered with the stored bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.accounts import AccountReserved, AccountStatus
from shared.contracts.warmups import WarmupStarted
from tests.support.gateway import GatewaySide, Key, answer_to, belonging_to, gateway_side
from tests.support.gateway_events import account_state, recorded, warmup_state

DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
BODY = {"username": "Ada", "domain_id": DOMAIN, "first_name": "Ada", "last_name": "Lovelace"}
ACCOUNTS = "/api/email/accounts"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[GatewaySide]:
    async with gateway_side(database_url) as made:
        yield made


@pytest.fixture
async def key(side: GatewaySide) -> Key:
    return await side.key()


@pytest.fixture
async def api(side: GatewaySide, key: Key) -> AsyncIterator[httpx.AsyncClient]:
    async with side.client(key) as client:
        yield client


async def provision(side: GatewaySide, key: Key, request: dict[str, Any]) -> None:
    """Let the account of a request come to be, and answer it."""
    account = request["subject_id"]
    owner = belonging_to(key)
    state = account_state(
        account, AccountStatus.PROVISIONED, address="ada@example.com", domain_id=UUID(DOMAIN),
        display_name=request["data"]["display_name"], **owner
    )  # fmt: skip
    owner.pop("user_id")
    ids = {"tenant_id": key.tenant_id, "workspace_id": key.workspace_id}
    await side.project(
        recorded(AccountReserved(account=state), account, 1, **ids),
        recorded(WarmupStarted(warmup=warmup_state(account, **owner)), account, 1, **ids),
        answer_to(request, needs={"account": 1, "warmup": 1}),
    )


async def test_a_request_and_its_event_are_written_together(
    side: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    answer = await api.post(ACCOUNTS, json=BODY, headers=ASYNC)

    assert answer.status_code == 202, answer.text
    account = answer.json()["account"]
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["vary"] == "Prefer"
    assert account["status"] == "provisioning"
    assert account["display_name"] == "Ada Lovelace"
    [request] = await side.open_requests()
    [event] = await side.events()
    assert event["request_id"] == request["id"]
    assert str(event["subject"]) == str(request["subject_id"]) == account["id"]
    assert request["user_id"] == key.user_id
    assert request["data"]["username"] == "ada"


async def test_a_waiting_call_gets_the_stored_answer(
    side: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    waiting = asyncio.create_task(api.post(ACCOUNTS, json=BODY))
    [request] = await side.open_requests()
    await provision(side, key, request)

    answer = await waiting

    assert answer.status_code == 201, answer.text
    account = answer.json()["account"]
    assert (account["status"], account["warmup_status"]) == ("warming", "warming")
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    read = await api.get(answer.headers["location"])
    assert read.status_code == 200
    assert read.json()["account"] == account
    listed = (await api.get(ACCOUNTS)).json()
    assert listed == {"accounts": [account], "next_cursor": None}
