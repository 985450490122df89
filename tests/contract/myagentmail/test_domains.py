"""Domains of a workspace: claimed, shown with their records, verified, used and given up."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.contract.myagentmail.driver import DOMAINS, INBOXES, Agent, error_of, fresh
from tests.support.eventually import eventually

contract = pytest.mark.contract


async def test_a_claim_shows_the_records_the_domain_needs(agent: Agent) -> None:
    name = f"{fresh('nozone')}x.example"

    answer = await agent.http.post(DOMAINS, json={"domain": name.upper()})

    assert answer.status_code == 201, answer.text
    domain = answer.json()
    assert set(domain) == {"id", "domain", "status", "workspaceId", "dnsRecords", "createdAt", "updatedAt"}
    assert (domain["domain"], domain["status"]) == (name, "pending")
    assert answer.headers["location"] == f"{DOMAINS}/{domain['id']}"
    assert domain["workspaceId"] == (await agent.default_workspace())["id"]
    assert str(UUID(domain["id"])) == domain["id"]
    for record in domain["dnsRecords"]:
        assert set(record) == {"type", "name", "value", "priority", "status", "check", "seen"}
        assert (record["status"], record["check"]) == ("pending", "missing")
    assert {record["type"] for record in domain["dnsRecords"]} >= {"MX", "TXT"}
    read = (await agent.http.get(f"{DOMAINS}/{domain['id']}")).json()
    assert read["dnsRecords"] == domain["dnsRecords"]
    assert domain["id"] in {each["id"] for each in (await agent.http.get(DOMAINS)).json()["domains"]}


async def test_the_same_claim_again_is_the_same_domain(agent: Agent) -> None:
    name = f"{fresh('nozone')}x.example"

    first, second = [await agent.http.post(DOMAINS, json={"domain": name}) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


@contract("S2-10", "S2-18", "S2-22")
async def test_a_verified_domain_carries_inboxes(agent: Agent, stranger: Agent) -> None:
    domain = await agent.domain()

    inbox = await agent.inbox("hello", domain=domain["domain"])
    foreign = await stranger.create("hello", domain=domain["domain"])
    unknown = await agent.create("hello", domain=f"{fresh('nowhere')}x.example")

    assert (inbox["email"], inbox["domain"]) == (f"hello@{domain['domain']}", domain["domain"])
    assert {record["status"] for record in domain["dnsRecords"]} == {"verified"}
    for refused in (foreign, unknown):
        assert (refused.status_code, error_of(refused)) == (404, "DOMAIN_NOT_FOUND")


async def test_a_domain_that_is_not_verified_carries_none(agent: Agent) -> None:
    name = f"{fresh('nodns')}x.example"
    await agent.http.post(DOMAINS, json={"domain": name})

    refused = await agent.create("hello", domain=name)

    assert (refused.status_code, error_of(refused)) == (400, "DOMAIN_NOT_VERIFIED")


async def test_a_domain_of_others_is_no_domain(agent: Agent, stranger: Agent) -> None:
    theirs = await stranger.domain()

    for path in (f"{DOMAINS}/{theirs['id']}", f"{DOMAINS}/{uuid4()}", f"{DOMAINS}/example.com"):
        for refused in (
            await agent.http.get(path),
            await agent.http.post(f"{path}/verify"),
            await agent.http.delete(path),
        ):
            assert (refused.status_code, error_of(refused)) == (404, "NOT_FOUND"), refused.request.url


async def test_a_domain_with_inboxes_stays_and_goes_after_them(agent: Agent) -> None:
    domain = await agent.domain()
    inbox = await agent.inbox("hello", domain=domain["domain"])
    path = f"{DOMAINS}/{domain['id']}"

    refused = await agent.http.delete(path)
    assert (refused.status_code, error_of(refused)) == (409, "DOMAIN_IN_USE")

    await agent.http.delete(f"{INBOXES}/{inbox['id']}")
    await agent.gone(inbox["id"])
    gone = await agent.http.delete(path)

    assert (gone.status_code, gone.json()) == (200, {"deleted": True, "id": domain["id"]})

    async def is_gone() -> bool:
        return (await agent.http.get(path)).status_code == 404

    await eventually(is_gone, what="the domain is gone")
    assert domain["id"] not in {each["id"] for each in (await agent.http.get(DOMAINS)).json()["domains"]}


@pytest.mark.parametrize(
    "domain", [None, "", "example", "a b.example", "-x.example", "x..example", "é.example", 7]
)
async def test_what_is_no_domain_is_refused(agent: Agent, domain: object) -> None:
    refused = await agent.http.post(DOMAINS, json={"domain": domain})

    assert (refused.status_code, error_of(refused)) == (400, "INVALID_REQUEST")
    assert "domain" in refused.json()["error"]
