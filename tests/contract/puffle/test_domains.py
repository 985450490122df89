"""Domains: claiming, publishing records, verifying, and who comes first."""

from __future__ import annotations

import pytest

from tests.contract.puffle.driver import DOMAINS, Json, Puffle, asks_nobody, effects, error_of, fresh
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

FIELDS = {
    "id", "user_id", "domain", "agentmail_domain_id", "status", "dns_records", "verified_at", "created_at", "updated_at",
    "failure",
}  # fmt: skip


async def read(puffle: Puffle, domain_id: str) -> Json:
    """Return a domain as the list shows it."""
    listed: list[Json] = (await puffle.http.get(DOMAINS)).json()["domains"]
    return next(each for each in listed if each["id"] == domain_id)


@contract("S0-20", "S0-21", "S0-22", "S0-23")
async def test_the_documented_order_ends_verified_and_lets_an_account_be_made(
    puffle: Puffle, sim: Simulated
) -> None:
    name = f"{fresh('flow')}.example"

    claimed = await puffle.claim(name.upper())
    assert claimed["domain"] == name
    assert set(claimed) == FIELDS
    triggered = await puffle.http.post(f"{DOMAINS}/{claimed['id']}/verify")
    assert triggered.status_code == 200
    assert triggered.json()["domain"]["status"] in {"verifying", "verified"}
    verified = await puffle.domain_verified(claimed)

    assert verified["verified_at"].endswith("Z")
    assert verified["dns_records"]
    happened = effects(sim, name)
    assert happened.count("domain.created") == 1
    assert happened.count("record.created") >= len(verified["dns_records"]), "published in the owned zone"
    assert (await puffle.account("first", verified))["email_domains"]["status"] == "verified"


@contract("S0-22")
async def test_without_the_zone_the_records_are_listed_and_not_published(
    puffle: Puffle, sim: Simulated
) -> None:
    name = f"{fresh('nozone')}.example"

    claimed = await puffle.claim(name)

    assert claimed["status"] in {"pending", "verifying"}
    assert {record["type"] for record in claimed["dns_records"]} >= {"TXT", "MX"}
    assert all({"type", "name", "value"} <= set(record) for record in claimed["dns_records"])
    assert "record.created" not in effects(sim, name)


@contract("S0-23", "S0-19")
async def test_a_domain_whose_records_never_stand_ends_failed_and_carries_no_account(
    puffle: Puffle,
) -> None:
    claimed = await puffle.claim(f"{fresh('nodns')}.example")
    path = f"{DOMAINS}/{claimed['id']}/verify"
    await puffle.http.post(path)

    async def failed() -> Json | None:
        now: Json = (await puffle.http.post(path, params={"poll": "true"})).json()["domain"]
        assert now["status"] != "verified"
        return now if now["status"] == "failed" else None

    ended = await eventually(failed, within=30)

    assert ended
    assert ended["failure"]["message"]
    refused = await puffle.create("early", claimed)
    assert (refused.status_code, error_of(refused)) == (400, "domain_not_verified")


@contract("S0-20", "S0-21")
async def test_polling_only_reads(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    path = f"{DOMAINS}/{domain['id']}/verify"

    async def poll() -> None:
        polled = [(await puffle.http.post(path, params={"poll": "true"})).json() for _ in range(5)]
        now = await read(puffle, domain["id"])
        assert all(each == {"domain": now} for each in polled)

    assert await asks_nobody(sim, poll, domain["domain"])


async def test_claiming_again_gives_the_same_claim(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    again = await puffle.http.post(DOMAINS, json={"domain": domain["domain"]})

    assert again.status_code == 200
    assert again.json()["domain"]["id"] == domain["id"]
    assert effects(sim, domain["domain"]).count("domain.created") == 1


@contract("S0-18")
async def test_the_first_to_verify_has_it_and_a_mere_claim_does_not_block(
    puffle: Puffle, stranger: Puffle
) -> None:
    name = f"{fresh('nozone')}.example"
    await puffle.claim(name)
    assert (await stranger.claim(name))["domain"] == name, "an unverified claim blocks nobody"

    verified = await puffle.domain()
    refused = await stranger.http.post(DOMAINS, json={"domain": verified["domain"]})

    assert (refused.status_code, error_of(refused)) == (409, "domain_taken")


async def test_domains_are_listed_newest_first_and_for_their_owner_only(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    later = await puffle.claim(f"{fresh('nozone')}.example")

    mine = [each["id"] for each in (await puffle.http.get(DOMAINS)).json()["domains"]]
    theirs = [each["id"] for each in (await stranger.http.get(DOMAINS)).json()["domains"]]

    assert mine.index(later["id"]) < mine.index(domain["id"])
    assert not set(mine) & set(theirs)


async def test_somebody_elses_domain_can_be_neither_checked_nor_polled(
    stranger: Puffle, domain: Json
) -> None:
    for params in ({}, {"poll": "true"}):
        answer = await stranger.http.post(f"{DOMAINS}/{domain['id']}/verify", params=params)
        assert (answer.status_code, error_of(answer)) == (404, "not_found")


async def test_the_list_is_whole_and_the_same_with_and_without_a_sync_and_asks_nobody(
    puffle: Puffle, sim: Simulated
) -> None:
    claimed = [await puffle.domain() for _ in range(3)]

    async def listed() -> None:
        lists = [
            (await puffle.http.get(DOMAINS, params=params)).json()["domains"]
            for params in ({}, {"skip_sync": "true"}, {"skip_sync": "false"})
        ]
        assert lists[0] == lists[1] == lists[2]
        assert [each["id"] for each in lists[0]][:3] == [each["id"] for each in reversed(claimed)]

    assert await asks_nobody(sim, listed, *(each["domain"] for each in claimed))
    odd = await puffle.http.get(DOMAINS, params={"skip_sync": "maybe"})

    assert (odd.status_code, error_of(odd)) == (400, "invalid_request")


@pytest.mark.parametrize("status", ["pending", "verifying", "failed"])
async def test_a_status_is_overridden_until_the_records_are_checked_again(
    puffle: Puffle, status: str
) -> None:
    place = await puffle.domain()
    path = f"{DOMAINS}/{place['id']}"

    answer = await puffle.http.patch(path, json={"status": status})

    assert answer.status_code == 200, answer.text
    assert answer.json()["domain"]["status"] == status
    assert set(answer.json()["domain"]) == FIELDS
    if status != "verifying":  # such a domain is checked again in an instant
        refused = await puffle.create("early", place)
        assert (refused.status_code, error_of(refused)) == (400, "domain_not_verified")
    await puffle.http.post(f"{path}/verify")
    assert (await puffle.domain_verified(place))["status"] == "verified"


async def test_nobody_can_say_that_a_domain_is_verified(puffle: Puffle) -> None:
    claimed = await puffle.claim(f"{fresh('nodns')}.example")
    path = f"{DOMAINS}/{claimed['id']}"

    for body in ({"status": "verified"}, {"status": "deleting"}, {"status": ""}, {"status": None}, {}):
        answer = await puffle.http.patch(path, json=body)
        assert (answer.status_code, error_of(answer)) == (400, "invalid_request"), body
        assert "status" in answer.json()["error"]
    unknown = await puffle.http.patch(path, json={"status": "failed", "domain": "x.example"})
    assert (unknown.status_code, error_of(unknown)) == (400, "unknown_field")
    assert (await puffle.http.get(path)).json()["domain"]["status"] != "verified"


async def test_somebody_elses_domain_can_be_neither_changed_nor_deleted(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    path = f"{DOMAINS}/{domain['id']}"

    for answer in (
        await stranger.http.get(path),
        await stranger.http.patch(path, json={"status": "failed"}),
        await stranger.http.delete(path),
    ):
        assert (answer.status_code, error_of(answer)) == (404, "not_found")
    assert (await puffle.http.get(path)).json()["domain"]["status"] == "verified"


@pytest.mark.parametrize(
    "name",
    ["", "acme", "acme.", ".example", "-a.example", "a-.example", "a b.example", "acme.example/x", "http://acme.example",
     "ada@acme.example", "acme.e", "acme.123", "ácme.example", f"{'a' * 64}.example", f"{'a.' * 130}example"],
)  # fmt: skip
async def test_names_that_are_no_domains_are_refused(puffle: Puffle, name: str) -> None:
    answer = await puffle.http.post(DOMAINS, json={"domain": name})

    assert (answer.status_code, error_of(answer)) == (400, "invalid_request")
    assert "domain" in answer.json()["error"]


async def test_a_field_nobody_knows_is_refused_by_its_name(puffle: Puffle) -> None:
    answer = await puffle.http.post(DOMAINS, json={"domain": "acme.example", "zone": "x"})

    assert (answer.status_code, error_of(answer)) == (400, "unknown_field")
    assert "zone" in answer.json()["error"]
