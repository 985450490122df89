"""What holds for every request: one effect per Idempotency-Key, waiting as long as asked, ids that can be followed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    DOMAINS,
    Json,
    Puffle,
    calls,
    effects,
    enabled_once,
    error_of,
    fresh,
)
from tests.support.simulator import Simulated


def keyed(key: str) -> dict[str, str]:
    """Return the header that makes a call safe to repeat."""
    return {"Idempotency-Key": key}


# --- Idempotency-Key --------------------------------------------------------------------------------------------


async def test_fifty_calls_at_once_with_one_key_make_one_account_and_get_the_same_bytes(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name, key = fresh("once"), fresh("key")

    answers = await asyncio.gather(*(puffle.create(name, domain, keyed(key)) for _ in range(50)))

    assert Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == 50
    address = f"{name}@{domain['domain']}"
    assert effects(sim, address).count("inbox.created") == 1
    assert await enabled_once(sim, address)
    listed = (await puffle.http.get(ACCOUNTS)).json()["accounts"]
    assert sum(each["email_address"].startswith(f"{name}@") for each in listed) == 1


async def test_a_replay_is_the_stored_answer_and_says_so(puffle: Puffle, domain: Json) -> None:
    name, headers = fresh("again"), keyed(fresh("key"))
    first = await puffle.create(name, domain, headers)
    account = first.json()["account"]
    assert "idempotent-replayed" not in first.headers

    # The same JSON in other words is the same request.
    replay = await puffle.http.post(
        ACCOUNTS,
        content=f'{{ "domain_id" : "{domain["id"]}",\n"username": "{name}" }}',
        headers={**headers, "Content-Type": "application/json"},
    )

    assert replay.status_code == 201
    assert replay.content == first.content
    assert replay.headers["location"] == first.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert replay.headers["idempotent-replayed"] == "true"


async def test_a_refusal_is_replayed_too(puffle: Puffle, domain: Json) -> None:
    taken = (await puffle.account(fresh("taken"), domain))["email_address"].split("@")[0]
    headers = keyed(fresh("key"))

    first = await puffle.create(taken, domain, headers)
    replay = await puffle.create(taken, domain, headers)

    assert first.status_code == replay.status_code == 409
    assert first.json()["code"] == replay.json()["code"] == "address_taken"
    assert replay.content == first.content


async def test_a_key_used_for_something_else_is_a_422(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    headers = keyed(fresh("key"))
    await puffle.create(fresh("mine"), domain, headers)
    other = fresh("other")

    answer = await puffle.create(other, domain, headers)

    assert (answer.status_code, error_of(answer)) == (422, "idempotency_mismatch")
    assert not effects(sim, f"{other}@{domain['domain']}")


async def test_a_key_belongs_to_its_caller_and_its_route(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    headers = keyed(fresh("key"))
    theirs = await stranger.domain()

    mine = await puffle.create(fresh("mine"), domain, headers)
    other_caller = await stranger.create(fresh("theirs"), theirs, headers)
    other_route = await puffle.http.post(
        DOMAINS, json={"domain": f"{fresh('nozone')}.example"}, headers=headers
    )

    assert (mine.status_code, other_caller.status_code, other_route.status_code) == (201, 201, 201)


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_keys_of_another_length_are_refused(puffle: Puffle, domain: Json, key: str) -> None:
    answer = await puffle.create(fresh("ada"), domain, keyed(key))

    assert (answer.status_code, error_of(answer)) == (400, "invalid_request")
    assert "Idempotency-Key" in answer.json()["error"]


async def test_a_retry_of_warmup_with_a_key_is_answered_once(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    path, headers = f"{ACCOUNTS}/{account['id']}/retry-warmup", keyed(fresh("key"))

    answers = await asyncio.gather(*(puffle.http.patch(path, headers=headers) for _ in range(5)))

    assert Counter(answer.status_code for answer in answers) == {200: 5}
    assert len({answer.content for answer in answers}) == 1


# --- Prefer -----------------------------------------------------------------------------------------------------


async def test_respond_async_answers_at_once_with_a_place_to_look(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("slow-inbox")

    answer = await puffle.create(name, domain, {"Prefer": "respond-async"})

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert "prefer" in answer.headers["vary"].lower()
    account = answer.json()["account"]
    assert (account["status"], account["warmup_status"]) == ("provisioning", "not_started")
    assert account["email_address"] == f"{name}@{domain['domain']}"
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert (await puffle.http.get(answer.headers["location"])).status_code == 200
    await puffle.until(account["id"], "warming")
    assert effects(sim, account["email_address"]).count("inbox.created") == 1


async def test_a_wait_that_ends_first_is_a_202_and_the_key_gets_the_answer_later(
    puffle: Puffle, domain: Json
) -> None:
    name, headers = fresh("slow-inbox"), keyed(fresh("key"))
    since = time.monotonic()

    early = await puffle.create(name, domain, {**headers, "Prefer": "wait=1"})
    took = time.monotonic() - since
    final = await puffle.create(name, domain, headers)

    assert early.status_code == 202
    assert took > 0.9
    assert early.headers["preference-applied"] == "wait=1"
    assert final.status_code == 201
    assert final.json()["account"]["id"] == early.json()["account"]["id"]


async def test_a_refused_request_that_nobody_waited_for_reads_as_failed_with_its_code(
    puffle: Puffle, domain: Json
) -> None:
    taken = (await puffle.account(fresh("taken"), domain))["email_address"].split("@")[0]

    answer = await puffle.create(taken, domain, {"Prefer": "respond-async"})
    refused = await puffle.until(answer.json()["account"]["id"], "failed")

    assert answer.status_code == 202
    assert refused["failure"]["code"] == "address_taken"


# --- X-Request-Id -----------------------------------------------------------------------------------------------


async def test_a_request_id_is_kept_or_made_and_reaches_the_providers(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    given = fresh("trace-me")

    created = await puffle.create(fresh("traced"), domain, {"X-Request-Id": given})
    made = [(await puffle.http.get(ACCOUNTS)).headers["x-request-id"] for _ in range(2)]
    long = await puffle.http.get(ACCOUNTS, headers={"X-Request-Id": "x" * 129})
    refused = await puffle.http.get("/api/nothing", headers={"X-Request-Id": given})

    assert created.headers["x-request-id"] == given
    assert made[0] != made[1]
    assert long.headers["x-request-id"] != "x" * 129
    assert refused.json()["request_id"] == given
    assert calls(sim, created.json()["account"]["email_address"], "warmup.enable") == 1
