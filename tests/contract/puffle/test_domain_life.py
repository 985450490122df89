"""Domains outside managed zones as DNS shows them, and domains that are given up with everything they had."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.puffle.driver import ACCOUNTS, DOMAINS, GONE, Json, Puffle, effects, error_of, fresh
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract


def publish(sim: Simulated, record: Json) -> None:
    sim.publish(record["type"], record["name"], record["value"], record.get("priority"))


async def until_gone(puffle: Puffle, domain_id: str) -> None:
    async def is_gone() -> bool:
        return (await puffle.http.get(f"{DOMAINS}/{domain_id}")).status_code == 404

    await eventually(is_gone, within=30)


def left_at_providers(sim: Simulated, name: str) -> list[str]:
    state = sim.http.get("/_sim/state").json()
    domains = [each["domain"] for each in state["agentmail"]["domains"] if each["domain"] == name]
    records = [each["name"] for each in state["cloudflare"]["records"] if each["name"].endswith(name)]
    return domains + records


@contract("S0-20", "S0-21", "S0-23")
async def test_records_published_elsewhere_are_seen_one_by_one(puffle: Puffle, sim: Simulated) -> None:
    name = f"{fresh('nozone')}.example"
    claimed = await puffle.claim(name)
    records = {record["purpose"]: record for record in claimed["dns_records"]}
    publish(sim, {**records["dkim"], "value": "v=DKIM1; p=OLD"})
    publish(sim, records["ownership"])
    sim.publish("TXT", f"_dmarc.{name}", "v=DMARC1; p=none")

    checked = (await puffle.http.post(f"{DOMAINS}/{claimed['id']}/verify")).json()["domain"]

    found = {record["purpose"]: record for record in checked["dns_records"]}
    assert {purpose: record["status"] for purpose, record in found.items()} == {
        "mx": "missing",
        "spf": "missing",
        "dkim": "invalid",
        "dmarc": "valid",
        "ownership": "valid",
    }
    assert found["dkim"]["seen"] == ["v=DKIM1; p=OLD"]
    assert found["dkim"]["value"] == records["dkim"]["value"]
    assert found["dmarc"]["seen"] == ["v=DMARC1; p=none"]


@contract("S0-19", "S0-23")
async def test_a_domain_in_nobodys_zone_verifies_once_its_owner_published(
    puffle: Puffle, sim: Simulated
) -> None:
    claimed = await puffle.claim(f"{fresh('nozone')}.example")
    for record in claimed["dns_records"]:
        publish(sim, record)

    await puffle.http.post(f"{DOMAINS}/{claimed['id']}/verify")
    verified = await puffle.domain_verified(claimed)

    assert {record["status"] for record in verified["dns_records"]} == {"valid"}
    assert (await puffle.account("first", verified))["status"] == "warming"


@contract("S0-38", "S0-39")
async def test_a_deleted_domain_takes_its_accounts_along_and_can_be_claimed_again(
    puffle: Puffle, sim: Simulated
) -> None:
    domain = await puffle.domain()
    account = await puffle.account("ada", domain)

    deleted = await puffle.http.delete(f"{DOMAINS}/{domain['id']}")

    assert (deleted.status_code, deleted.json()) == (200, GONE)
    await until_gone(puffle, domain["id"])
    assert (await puffle.http.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404
    assert (await puffle.http.delete(f"{DOMAINS}/{domain['id']}")).status_code == 404
    assert left_at_providers(sim, domain["domain"]) == []
    happened = effects(sim, account["email_address"])
    assert happened.count("inbox.deleted") == happened.count("sender.deleted") == 1

    again = await puffle.domain(domain["domain"])
    assert again["id"] != domain["id"]
    burned = await puffle.create("ada", again)
    assert (burned.status_code, error_of(burned)) == (409, "address_burned")


async def test_a_domain_that_was_given_up_is_free_for_others(puffle: Puffle, stranger: Puffle) -> None:
    domain = await puffle.domain()
    refused = await stranger.http.post(DOMAINS, json={"domain": domain["domain"]})
    assert (refused.status_code, error_of(refused)) == (409, "domain_taken")

    assert (await puffle.http.delete(f"{DOMAINS}/{domain['id']}")).status_code == 200

    assert (await stranger.domain(domain["domain"]))["status"] == "verified"


async def test_deletions_and_creations_at_the_same_moment_leave_nothing_behind(
    puffle: Puffle, sim: Simulated
) -> None:
    domain = await puffle.domain()

    created, deleted = await asyncio.gather(
        asyncio.gather(*(puffle.create(f"racer-{number}", domain) for number in range(20))),
        asyncio.gather(*(puffle.http.delete(f"{DOMAINS}/{domain['id']}") for _ in range(3))),
    )

    assert {answer.status_code for answer in deleted} <= {200, 202, 404}
    assert {answer.status_code for answer in created} <= {201, 202, 400, 404, 409}
    await until_gone(puffle, domain["id"])
    assert left_at_providers(sim, domain["domain"]) == []
    inboxes = sim.http.get("/_sim/state").json()["agentmail"]["inboxes"]
    assert not [each for each in inboxes if each["inbox_id"].endswith(f"@{domain['domain']}")]
