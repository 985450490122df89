"""One account's warmup: where it is, how far from each goal, and why it does not send yet."""

from __future__ import annotations

import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    DOMAINS,
    Json,
    Puffle,
    enabled_once,
    error_of,
    faulty,
    fresh,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract, promise = pytest.mark.contract, pytest.mark.promise


@contract("S0-47", "S0-48", "S1-30", "S1-31", "S1-32", "A22")
async def test_it_tells_an_accepted_start_from_a_shown_one_and_then_the_way_to_each_goal(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("progress")
    address = f"{name}@{domain['domain']}"
    with faulty(sim, "instantly", "accounts.get", "status", status=503, match=address):
        account = await puffle.account(name, domain)
        accepted = await puffle.progress(account["id"])

    assert (accepted["status"], accepted["state"], accepted["confirmation"]) == (
        "warming",
        "warming",
        "accepted",
    )
    assert (accepted["policy"], accepted["progress"], accepted["next_evaluation_at"]) == (None, None, None)
    assert (accepted["figures"]["observed_at"], accepted["figures"]["is_stale"]) == (None, False)
    assert await enabled_once(sim, address)
    sim.advance(3)

    async def judged() -> Json | None:
        told = await puffle.progress(account["id"])
        return told if told["day"] else None

    warming = await eventually(judged, within=40)

    assert warming
    assert (warming["state"], warming["confirmation"], warming["hold"]) == ("warming", "confirmed", None)
    assert warming["policy"] == {"name": "puffle", "version": 1}
    goals = {goal["name"]: (goal["at_least"], goal["is_met"]) for goal in warming["progress"]}
    assert goals == {"reputation": (90, False), "total_sent": (200, False)}
    assert warming["sentence"] == warming["last_decision"]["sentence"]
    assert warming["next_evaluation_at"] > warming["last_decision"]["at"]
    assert warming["figures"]["total_sent"] > 0
    assert warming["figures"]["age_seconds"] >= 0


@contract("S1-24", "S0-50")
async def test_a_warmup_that_has_not_started_says_why_and_when_it_is_tried_again(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)

    told = await puffle.progress(account["id"])

    assert (told["state"], told["confirmation"], told["failure"]["code"]) == (
        "not_started",
        None,
        "provider_refused",
    )
    assert told["failure"]["message"] in told["sentence"]
    assert told["next_attempt_at"] > account["created_at"]


@contract("S0-48", "S1-9")
async def test_an_account_that_is_not_made_yet_or_never_will_be_answers_too(
    puffle: Puffle, domain: Json
) -> None:
    later = {"Prefer": "respond-async"}
    failed = (await puffle.create(fresh("fail-sender"), domain, headers=later)).json()["account"]
    young = await puffle.progress(failed["id"])
    await puffle.until(failed["id"], "failed")
    told = await puffle.progress(failed["id"])

    assert (young["day"], young["progress"]) == (0, None)
    assert (told["status"], told["state"], told["confirmation"]) == ("failed", None, None)
    assert told["health"] == {"percentage": None, "label": None}


@contract("S1-5", "S1-6", "A18")
async def test_only_its_own_tenant_reads_it(puffle: Puffle, stranger: Puffle, domain: Json) -> None:
    account = await puffle.account(fresh("private"), domain)

    for caller, account_id in (
        (stranger, account["id"]),
        (puffle, "00000000-0000-0000-0000-000000000000"),
    ):
        answer = await caller.http.get(f"{ACCOUNTS}/{account_id}/warmup")
        assert (answer.status_code, error_of(answer)) == (404, "not_found")
    malformed = await puffle.http.get(f"{ACCOUNTS}/ada/warmup")
    assert (malformed.status_code, error_of(malformed)) == (400, "invalid_request")


@contract("S0-23", "S0-48", "S1-9", "S1-33")
@promise("R24", "I12")
async def test_a_domain_that_loses_its_records_holds_the_account_until_they_are_back(
    puffle: Puffle, sim: Simulated
) -> None:
    claimed = await puffle.claim(f"{fresh('nozone-held')}.example")
    published = {(record["type"], record["name"]): publish(sim, record) for record in claimed["dns_records"]}
    await puffle.http.post(f"{DOMAINS}/{claimed['id']}/verify")
    domain = await puffle.domain_verified(claimed)
    account = await puffle.account(fresh("held"), domain)
    assert await enabled_once(sim, account["email_address"])
    lost = claimed["dns_records"][0]

    assert sim.http.delete(f"/_sim/dns/{published[lost['type'], lost['name']]}").status_code == 200
    await eventually(lambda: has_status(puffle, domain, "failed"), within=40, every=0.1)
    await puffle.until(account["id"], "paused")
    held = await puffle.progress(account["id"])
    resumed = await puffle.warmup(account["id"], "resume")
    refused = await puffle.create(fresh("late"), domain)
    publish(sim, lost)
    await eventually(lambda: has_status(puffle, domain, "verified"), within=40, every=0.1)
    await puffle.until(account["id"], "warming")

    assert (held["state"], held["hold"], held["warmup_status"]) == ("paused", "domain", "paused")
    assert f"{lost['type']} {lost['name']} is missing" in held["reason"]
    assert held["reason"] in held["sentence"]
    assert (resumed.status_code, error_of(resumed)) == (409, "wrong_state")
    assert {name: resumed.json()[name] for name in ("status", "warmup_status", "hold", "reason")} == {
        "status": "paused",
        "warmup_status": "paused",
        "hold": "domain",
        "reason": held["reason"],
    }
    assert (refused.status_code, error_of(refused)) == (400, "domain_not_verified")
    told = [entry["sentence"] for entry in await puffle.history(account["id"])]
    assert f"The warmup is held: {held['reason']}" in told
    assert told.count("The warmup goes on.") == 1


def publish(sim: Simulated, record: Json) -> str:
    return sim.publish(record["type"], record["name"], record["value"], record.get("priority"))


async def has_status(puffle: Puffle, domain: Json, status: str) -> bool:
    found = (await puffle.http.get(f"{DOMAINS}/{domain['id']}")).json()["domain"]
    assert found["status"] in {"verified", "failed"}, found
    return bool(found["status"] == status)
