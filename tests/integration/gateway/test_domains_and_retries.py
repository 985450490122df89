"""Domains and warmup retries over real HTTP: what is asked of the owner, and what its answers become."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from shared.contracts.answers import Outcome
from shared.contracts.domains import DomainStatus
from shared.contracts.warmups import WarmupStatus
from tests.support.gateway import GatewaySide, answer_to, came_to_be, registered

ACCOUNTS, DOMAINS = "/api/email/accounts", "/api/email/domains"
DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
ASYNC = {"Prefer": "respond-async"}


async def claimed(gateway: GatewaySide, api: httpx.AsyncClient, name: str = "Example.com") -> dict[str, Any]:
    """Claim a domain, let it be registered, and return its request."""
    call = asyncio.create_task(api.post(DOMAINS, json={"domain": name}))
    request = (await gateway.open_requests())[-1]
    await gateway.project(registered(request), answer_to(request, needs={"domain": 1}))
    assert (await call).status_code == 201
    return request


async def pending(
    gateway: GatewaySide, api: httpx.AsyncClient, warmup: WarmupStatus = WarmupStatus.NOT_STARTED
) -> str:
    """Create an account whose warmup is as given and return its path."""
    await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    [request] = await gateway.open_requests()
    await gateway.project(*came_to_be(request, warmup), answer_to(request, needs={"account": 1, "warmup": 1}))
    return f"{ACCOUNTS}/{request['subject_id']}"


async def test_a_domain_is_claimed_and_shown(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(api.post(DOMAINS, json={"domain": "Example.com"}))
    [request] = await gateway.open_requests()
    place = f"{DOMAINS}/{request['subject_id']}"
    before = (await api.get(place)).json()["domain"]
    await gateway.project(registered(request), answer_to(request, needs={"domain": 1}))

    answer = await waiting

    assert answer.status_code == 201
    assert answer.headers["location"] == place
    assert (before["domain"], before["status"]) == ("example.com", "pending")
    domain = answer.json()["domain"]
    assert domain["domain"] == "example.com"
    assert (await api.get(place)).json()["domain"] == domain
    assert (await api.get(DOMAINS)).json() == {"domains": [domain], "next_cursor": None}


async def test_a_domain_claimed_before_is_given_again(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    first = await claimed(gateway, api)
    again = asyncio.create_task(api.post(DOMAINS, json={"domain": "example.com"}))
    [request] = await gateway.open_requests()
    await gateway.project(
        answer_to(request, Outcome.MATCHED, subject_id=first["subject_id"], needs={"domain": 1})
    )

    answer = await again

    assert answer.status_code == 200
    assert answer.json()["domain"]["id"] == str(first["subject_id"])
    # A caller that was answered 202 knows only the id it was given then.
    read = await api.get(f"{DOMAINS}/{request['subject_id']}")
    assert read.json()["domain"]["id"] == str(first["subject_id"])


async def test_a_domain_that_others_verified_is_a_conflict(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    waiting = asyncio.create_task(api.post(DOMAINS, json={"domain": "example.com"}))
    [request] = await gateway.open_requests()
    await gateway.project(answer_to(request, Outcome.REFUSED, code="domain_taken", message="It is taken."))

    answer = await waiting

    assert (answer.status_code, answer.json()["code"]) == (409, "domain_taken")
    failed = (await api.get(f"{DOMAINS}/{request['subject_id']}")).json()["domain"]
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "domain_taken")


@pytest.mark.contract("S0-20", "S0-21", "S0-23")
async def test_verifying_asks_the_owner_and_polling_only_reads(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    domain = await claimed(gateway, api)
    verify = f"{DOMAINS}/{domain['subject_id']}/verify"
    recorded = len(await gateway.events())

    assert (await api.post(f"{verify}?poll=true")).json()["domain"]["status"] == "pending"
    assert len(await gateway.events()) == recorded
    asked = asyncio.create_task(api.post(verify))
    [request] = await gateway.open_requests()
    await gateway.project(
        registered(domain, DomainStatus.VERIFIED, 2), answer_to(request, needs={"domain": 2})
    )

    answer = await asked
    assert (answer.status_code, answer.json()["domain"]["status"]) == (200, "verified")
    assert (await api.post(f"{verify}?poll=true")).json()["domain"]["status"] == "verified"
    assert request["kind"] == "domain.verify"


@pytest.mark.contract("S1-1", "S1-2", "S1-8", "S1-18", "S1-19", "S1-22")
async def test_a_retry_is_asked_of_the_owner(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    path = await pending(gateway, api)
    before = (await api.get(path)).json()["account"]
    asked = asyncio.create_task(api.patch(f"{path}/retry-warmup"))
    [request] = await gateway.open_requests()
    create = await gateway.pool.fetchrow("select * from request where kind = 'account.create'")
    assert create is not None
    await gateway.project(
        *came_to_be(dict(create), WarmupStatus.WARMING, version=2), answer_to(request, needs={"warmup": 2})
    )

    answer = await asked

    account = answer.json()["account"]
    assert (answer.status_code, before["status"]) == (200, "pending")
    assert (account["status"], account["warmup_status"]) == ("warming", "warming")
    assert path.endswith(account["id"])


@pytest.mark.contract("S1-9", "S1-24", "S1-25", "S1-26")
@pytest.mark.parametrize(
    ("outcome", "code", "status"),
    [
        (Outcome.REFUSED, "wrong_state", 409),
        (Outcome.FAILED, "provider_refused", 502),
        (Outcome.FAILED, "provider_unavailable", 502),
        (Outcome.FAILED, "enabled_not_recorded", 500),
    ],
)
async def test_a_retry_that_was_not_done_says_why(
    gateway: GatewaySide, api: httpx.AsyncClient, outcome: Outcome, code: str, status: int
) -> None:
    path = await pending(gateway, api)
    asked = asyncio.create_task(api.patch(f"{path}/retry-warmup"))
    [request] = await gateway.open_requests()
    await gateway.project(answer_to(request, outcome, code=code, message="Why."))

    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if code == "wrong_state":
        assert (answer.json()["status"], answer.json()["warmup_status"]) == ("pending", "not_started")
    if code == "enabled_not_recorded":
        assert answer.json()["error"] == "Warmup was enabled but failed to update account status"
    assert (await api.get(path)).json()["account"]["status"] == "pending"


@pytest.mark.contract("S1-9", "S1-11", "S1-14")
async def test_an_account_on_its_way_has_no_warmup_to_retry(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    made = await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)

    answer = await api.patch(made.headers["location"] + "/retry-warmup")

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "wrong_state")
    assert (body["status"], body["warmup_status"]) == ("provisioning", "not_started")
    assert len(await gateway.events()) == 1


async def test_a_repeated_retry_does_not_ask_twice(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    path = await pending(gateway, api)
    headers = {"Idempotency-Key": "again", **ASYNC}

    first = await api.patch(f"{path}/retry-warmup", headers=headers)
    second = await api.patch(f"{path}/retry-warmup", headers=headers)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.headers["location"] == path
    assert second.headers["idempotent-replayed"] == "true"
    assert len(await gateway.open_requests()) == 1


async def test_accounts_are_listed_newest_first_page_by_page(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    for number in range(5):
        await api.post(ACCOUNTS, json={"username": f"a{number}", "domain_id": DOMAIN}, headers=ASYNC)
    requests = await gateway.open_requests(5)
    for request in requests:
        await gateway.project(*came_to_be(request), answer_to(request, needs={"account": 1}))

    pages, cursor = [], ""
    while True:
        page = (await api.get(f"{ACCOUNTS}?limit=2{cursor}")).json()
        pages.append([account["id"] for account in page["accounts"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    newest_first = [str(request["subject_id"]) for request in reversed(requests)]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


async def test_a_history_is_told_in_order(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    path = await pending(gateway, api)

    history = (await api.get(f"{path}/history")).json()["history"]

    assert [entry["event"] for entry in history][:2] == ["account.provisioned", "warmup.started"]
    assert all(entry["sentence"].endswith(".") for entry in history)
    first = (await api.get(f"{path}/history?limit=1")).json()
    second = (await api.get(f"{path}/history?limit=1&cursor={first['next_cursor']}")).json()
    assert [*first["history"], *second["history"]] == history[:2]
