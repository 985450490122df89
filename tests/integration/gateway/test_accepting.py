"""Accepting requests over real HTTP: written once with their event, waited for, answered with the stored bytes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from shared.contracts.answers import Outcome
from shared.contracts.warmups import WarmupStatus
from tests.support.eventually import eventually
from tests.support.gateway import GatewaySide, Key, answer_to, came_to_be

DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
BODY = {"username": "Ada", "domain_id": DOMAIN, "first_name": "Ada", "last_name": "Lovelace"}
ACCOUNTS = "/api/email/accounts"
ASYNC = {"Prefer": "respond-async"}
NEEDS = {"account": 1, "warmup": 1}


async def create(api: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await api.post(
        ACCOUNTS, json=BODY, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


async def finish(
    gateway: GatewaySide, request: dict[str, Any], warmup: WarmupStatus = WarmupStatus.WARMING
) -> None:
    await gateway.project(*came_to_be(request, warmup), answer_to(request, needs=NEEDS))


@pytest.mark.contract("S0-1", "S0-4", "S0-11", "S0-25")
async def test_a_request_and_its_event_are_written_together(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    answer = await create(api, Prefer="respond-async")

    assert answer.status_code == 202, answer.text
    account = answer.json()["account"]
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["vary"] == "Prefer"
    [request] = await gateway.open_requests()
    [event] = await gateway.events()
    assert event["request_id"] == request["id"]
    assert str(event["subject"]) == str(request["subject_id"]) == account["id"]
    assert request["user_id"] == key.user_id
    assert request["data"]["username"] == "ada"
    assert request["data"]["display_name"] == "Ada Lovelace"


async def test_an_account_answers_from_the_moment_it_is_accepted(api: httpx.AsyncClient) -> None:
    made = (await create(api, Prefer="respond-async")).json()["account"]

    read = await api.get(f"{ACCOUNTS}/{made['id']}")

    assert read.status_code == 200
    assert read.json()["account"] == made
    assert (made["status"], made["warmup_status"], made["failure"]) == ("provisioning", "not_started", None)


@pytest.mark.contract("S0-40", "S0-48", "S0-53")
async def test_a_waiting_call_gets_the_final_answer(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(create(api))
    [request] = await gateway.open_requests()
    await finish(gateway, request)

    answer = await waiting

    assert answer.status_code == 201, answer.text
    account = answer.json()["account"]
    assert (account["status"], account["warmup_status"]) == ("warming", "warming")
    assert account["email_address"] == "ada@example.com"
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert (await api.get(answer.headers["location"])).json()["account"] == account


@pytest.mark.contract("S0-49", "S0-50", "S0-52")
async def test_an_account_whose_warmup_failed_is_created_all_the_same(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    waiting = asyncio.create_task(create(api))
    [request] = await gateway.open_requests()
    await finish(gateway, request, WarmupStatus.NOT_STARTED)

    answer = await waiting

    assert answer.status_code == 201
    assert answer.json()["account"]["status"] == "pending"
    assert answer.json()["account"]["warmup_status"] == "not_started"


async def test_a_wait_that_is_over_is_answered_202_and_the_work_goes_on(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    answer = await create(api, Prefer="wait=0.2, wait=1", Idempotency_Key="k")

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    [request] = await gateway.open_requests()
    await finish(gateway, request)
    assert (await api.get(answer.headers["location"])).json()["account"]["status"] == "warming"


async def test_a_refused_creation_reads_as_failed(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(create(api, X_Request_Id="mine-1"))
    [request] = await gateway.open_requests()
    await gateway.project(
        answer_to(request, Outcome.REFUSED, code="address_taken", message="The address is taken.")
    )

    answer = await waiting

    assert answer.status_code == 409
    assert answer.json() == {
        "error": "The address is taken.",
        "code": "address_taken",
        "request_id": "mine-1",
    }
    account = (await api.get(f"{ACCOUNTS}/{request['subject_id']}")).json()["account"]
    assert account["status"] == "failed"
    assert account["failure"] == {"code": "address_taken", "message": "The address is taken."}


@pytest.mark.promise("R15")
async def test_a_repeated_call_gets_the_same_bytes(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(create(api, Idempotency_Key="k"))
    [request] = await gateway.open_requests()
    await finish(gateway, request)
    first = await waiting

    again = await create(api, Idempotency_Key="k")
    spaced = await api.post(
        ACCOUNTS,
        content=b'{ "last_name":"Lovelace","first_name":"Ada", "domain_id":"'
        + DOMAIN.encode()
        + b'", "username":"Ada" }',
        headers={"Content-Type": "application/json", "Idempotency-Key": "k", **ASYNC},
    )

    assert "idempotent-replayed" not in first.headers
    for repeated in (again, spaced):
        assert (repeated.status_code, repeated.content) == (201, first.content)
        assert repeated.headers["idempotent-replayed"] == "true"
        assert repeated.headers["location"] == first.headers["location"]
    assert await gateway.pool.fetchval("select count(*) from request") == 1
    assert len(await gateway.events()) == 1


@pytest.mark.promise("R15")
async def test_fifty_calls_with_one_key_make_one_request(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    calls = [asyncio.create_task(create(api, Idempotency_Key="race")) for _ in range(50)]
    [request] = await gateway.open_requests()
    await finish(gateway, request)

    answers = await asyncio.gather(*calls)

    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert sum("idempotent-replayed" not in each.headers for each in answers) == 1
    assert len(await gateway.events()) == 1


async def test_keys_in_one_group_conflict_only_with_themselves(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    calls = [create(api, Idempotency_Key=f"k{number % 10}", Prefer="respond-async") for number in range(60)]

    answers = await asyncio.gather(*calls)

    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["account"]["id"] for each in answers}) == 10
    assert len(await gateway.events()) == 10


async def test_a_key_used_for_something_else_is_refused(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    await create(api, Idempotency_Key="k", Prefer="respond-async")

    other = await api.post(
        ACCOUNTS, json={**BODY, "username": "bob"}, headers={"Idempotency-Key": "k", **ASYNC}
    )

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len(await gateway.events()) == 1


@pytest.mark.promise("R31")
async def test_a_key_of_another_workspace_is_another_key(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    mine = await create(api, Idempotency_Key="k", Prefer="respond-async")
    async with (
        gateway.client(await gateway.key("Acme", "Second")) as sibling,
        gateway.client(await gateway.key("Other")) as stranger,
    ):
        others = [
            await create(each, Idempotency_Key="k", Prefer="respond-async") for each in (sibling, stranger)
        ]

    ids = {each.json()["account"]["id"] for each in (mine, *others)}
    assert len(ids) == 3


async def test_a_new_api_key_of_the_workspace_repeats_the_same_calls(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    mine = await create(api, Idempotency_Key="k", Prefer="respond-async")
    async with gateway.client(await gateway.key()) as rotated:
        again = await create(rotated, Idempotency_Key="k", Prefer="respond-async")

    assert again.json() == mine.json()


@pytest.mark.contract("S1-24")
async def test_trouble_of_ours_goes_to_whoever_waits_and_frees_the_key(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    calls = [asyncio.create_task(create(api, Idempotency_Key="k")) for _ in range(2)]
    [request] = await gateway.open_requests()
    await gateway.project(
        answer_to(request, Outcome.FAILED, code="provider_refused", message="The provider refused.")
    )
    for answer in await asyncio.gather(*calls):
        assert (answer.status_code, answer.json()["code"]) == (502, "provider_refused")

    fresh = await create(api, Idempotency_Key="k", Prefer="respond-async")

    assert fresh.status_code == 202
    assert "idempotent-replayed" not in fresh.headers
    assert fresh.json()["account"]["id"] != str(request["subject_id"])


async def test_an_expired_key_is_free_again(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(create(api, Idempotency_Key="k"))
    [request] = await gateway.open_requests()
    await finish(gateway, request)
    await waiting
    await gateway.pool.execute("update request set expires_at = now() - interval '1 second'")

    fresh = await create(api, Idempotency_Key="k", Prefer="respond-async")

    assert fresh.status_code == 202
    assert fresh.json()["account"]["id"] != str(request["subject_id"])


async def test_a_client_that_leaves_frees_its_place(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    before = accepted()
    with pytest.raises(httpx.ReadTimeout):
        await api.post(
            ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k"}, timeout=httpx.Timeout(30.0, read=0.3)
        )
    await gateway.open_requests()

    await eventually(lambda: accepted() > before, within=15, what="it ends long before its 30 s")


def accepted() -> float:
    """How many calls for accounts ended without their answer, in all gateways of this process."""
    labels = {"method": "POST", "route": ACCOUNTS, "status": "202"}
    return REGISTRY.get_sample_value("mailwright_http_requests_total", labels) or 0.0
