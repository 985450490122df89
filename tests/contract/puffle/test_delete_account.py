"""Deleting an account: everything it had goes, its address never comes back, and nobody is left without an answer."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    GONE,
    Json,
    Puffle,
    asks_nobody,
    effects,
    enabled_once,
    error_of,
    faulty,
    fresh,
    struck,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract


def left_at_the_providers(sim: Simulated, address: str) -> list[str]:
    """Return what still exists of an address."""
    state = sim.http.get("/_sim/state").json()
    inboxes = [
        f"inbox {each['inbox_id']}" for each in state["agentmail"]["inboxes"] if each["email"] == address
    ]
    senders = [
        f"sender {each['email']}" for each in state["instantly"]["accounts"] if each["email"] == address
    ]
    worn = [
        f"tag {each['tag_id']}" for each in state["instantly"]["mappings"] if each["resource_id"] == address
    ]
    return inboxes + senders + worn


@contract("S0-38", "S0-39")
async def test_it_goes_with_everything_it_had_and_its_address_stays_burned(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("leaving")
    account = await puffle.account(name, domain)
    address = account["email_address"]
    await enabled_once(sim, address)

    answer = await puffle.delete(account["id"])

    assert (answer.status_code, answer.json()) == (200, GONE)
    assert left_at_the_providers(sim, address) == []
    happened = effects(sim, address)
    assert happened.index("warmup.disabled") < happened.index("sender.deleted")
    assert happened[-1] == "inbox.deleted"
    for path in (f"{ACCOUNTS}/{account['id']}", f"/api/senders/{account['id']}"):
        gone = await puffle.http.get(path)
        assert (gone.status_code, error_of(gone)) == (404, "not_found")
    assert account["id"] not in [each["id"] for each in (await puffle.http.get(ACCOUNTS)).json()["accounts"]]

    async def refused() -> None:
        for spelling in (name, name.upper()):
            again = await puffle.create(spelling, domain)
            assert (again.status_code, error_of(again)) == (409, "address_burned")
            assert again.json()["reason"] == "deleted"
            assert again.json()["burned_at"].endswith("Z")

    assert await asks_nobody(sim, refused, address, domain["domain"])


async def test_nothing_can_be_done_with_it_afterwards(puffle: Puffle, domain: Json) -> None:
    account = await puffle.account(fresh("leaving"), domain)
    assert (await puffle.delete(account["id"])).status_code == 200

    for answer in (
        await puffle.delete(account["id"]),
        await puffle.retry(account["id"]),
        await puffle.warmup(account["id"], "pause"),
        await puffle.warmup(account["id"], "disable"),
        await puffle.http.patch(f"{ACCOUNTS}/{account['id']}", json={"signature": "x"}),
        await puffle.http.delete(f"/api/accounts/{account['id']}"),
    ):
        assert (answer.status_code, error_of(answer)) == (404, "not_found"), answer.request.url


async def test_the_older_path_deletes_too(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    account = await puffle.account(fresh("leaving"), domain)

    answer = await puffle.http.delete(f"/api/accounts/{account['id']}")

    assert (answer.status_code, answer.json()) == (200, GONE)
    assert left_at_the_providers(sim, account["email_address"]) == []


@contract("A18")
async def test_only_its_owner_can_delete_it(
    puffle: Puffle, stranger: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("mine"), domain)

    foreign = await stranger.delete(account["id"])
    missing = await puffle.delete("00000000-0000-0000-0000-000000000000")

    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert (missing.status_code, error_of(missing)) == (404, "not_found")
    assert (await puffle.read(account["id"]))["status"] == "warming"
    assert "inbox.deleted" not in effects(sim, account["email_address"])


async def test_of_many_removals_at_once_each_is_answered_and_one_is_made(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("leaving"), domain)

    answers = await asyncio.gather(*(puffle.delete(account["id"]) for _ in range(10)))

    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 404}, counted
    assert counted[200] >= 1
    happened = effects(sim, account["email_address"])
    assert happened.count("inbox.deleted") == happened.count("sender.deleted") == 1


async def test_while_a_provider_is_away_it_reads_as_deleting_and_is_gone_in_the_end(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("leaving"), domain)
    address = account["email_address"]

    with faulty(sim, "agentmail", "inboxes.delete", "status", status=503, match=address) as fault:
        answer = await puffle.delete(account["id"], {"Prefer": "wait=2"})
        assert answer.status_code == 202
        assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
        assert answer.json()["account"]["status"] == "deleting"
        await struck(sim, fault)
        assert (await puffle.read(account["id"]))["status"] == "deleting"
        refused = await puffle.create(address.split("@")[0], domain)
        assert (refused.status_code, error_of(refused)) == (409, "address_taken")
        for late in (
            await puffle.sign(account["id"], "late"),
            await puffle.retry(account["id"]),
            await puffle.warmup(account["id"], "disable"),
        ):
            assert (late.status_code, error_of(late)) == (409, "wrong_state"), late.request.url
            assert late.json()["status"] == "deleting"

    async def gone() -> bool:
        return (await puffle.http.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404

    assert await eventually(gone, within=60)
    assert left_at_the_providers(sim, address) == []


async def test_an_account_that_is_still_being_made_is_deleted_and_its_creation_is_told(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("slow-inbox")
    address = f"{name}@{domain['domain']}"
    creating = asyncio.create_task(puffle.create(name, domain))
    account = await eventually(lambda: _listed(puffle, address))
    assert account

    deleted = await puffle.delete(account["id"])
    created = await creating

    assert (deleted.status_code, deleted.json()) == (200, GONE)
    assert (created.status_code, error_of(created)) == (409, "account_deleted")
    assert left_at_the_providers(sim, address) == []
    assert (await puffle.http.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404


async def _listed(puffle: Puffle, address: str) -> Json | None:
    listed: list[Json] = (await puffle.http.get(ACCOUNTS)).json()["accounts"]
    return next((each for each in listed if each["email_address"] == address), None)


@contract("A20")
async def test_a_retry_whose_account_is_deleted_meanwhile_brings_nothing_back(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    address = account["email_address"]

    with faulty(sim, "instantly", "warmup.enable", "slow", delay_seconds=5.0, match=address) as fault:
        retrying = asyncio.create_task(puffle.retry(account["id"]))
        await struck(sim, fault)
        deleted = await puffle.delete(account["id"])
        retried = await retrying

    assert deleted.status_code == 200
    assert retried.status_code in {404, 409}, "the gate is passed, and the account is read again"
    assert left_at_the_providers(sim, address) == []
    assert (await puffle.http.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404
