"""A domain's way to verified, or to failed, against the simulated providers."""

from __future__ import annotations

import itertools

import pytest

from shared.contracts.answers import Outcome
from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated


@pytest.mark.contract("S0-20", "S0-21", "S0-22", "S0-23")
async def test_a_claimed_domain_is_registered_published_and_verified(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        answer = await domains.answer(asked.request_id)
        state = await domains.has_status(asked.domain_id, "verified")

    told = await domains.told(asked.domain_id)
    assert told == ["DomainRegistered", "DnsSynced", "DomainVerifying", "DomainVerified"]
    assert (answer.outcome, answer.subject_id) == (Outcome.DONE, asked.domain_id)
    assert answer.needs["domain"] >= 3
    assert state.is_dns_synced
    assert state.verified_at is not None
    assert {record.status for record in state.dns_records} == {"valid"}
    ledger = domains.simulator.ledger()
    assert [entry["effect"] for entry in ledger].count("domain.created") == 1
    records = domains.simulator.http.get("/_sim/state").json()["cloudflare"]["records"]
    assert len(records) == len(state.dns_records) == 6
    assert {record["comment"] for record in records} == {f"managed-by:mailwright domain:{asked.domain_id}"}


async def test_facts_name_the_request_and_the_event_they_follow_from(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")

    facts = [row for row in await domains.recorded() if row["sequence"]]
    assert {row["request_id"] for row in facts} == {asked.request_id}
    for before, after in itertools.pairwise(facts):
        assert after["causation_id"] == before["event_id"]


@pytest.mark.contract("S0-23")
async def test_a_domain_whose_records_never_show_fails_when_patience_ends(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    async with bench(database, simulator, poll_seconds=0.02) as domains, domains.working():
        asked = await domains.claim("nodns.example", acme)
        failed = await domains.has_status(asked.domain_id, "failed")

        assert failed.failure is not None
        assert failed.failure.code == "dns_not_verified"
        assert (await domains.answer(asked.request_id)).outcome is Outcome.DONE
        checks = [fact for fact in await domains.facts(asked.domain_id) if fact.domain.status == "verifying"]
        assert 2 <= len(checks) <= 8

        again = await domains.verify(asked.domain_id, acme)
        answer = await domains.answer(again.request_id)
        assert answer.outcome is Outcome.DONE
        assert (await domains.facts(asked.domain_id))[answer.needs["domain"] - 1].domain.status == "verifying"


async def test_a_domain_in_nobodys_zone_lists_its_records_and_waits(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    async with bench(database, simulator, poll_seconds=60.0) as domains, domains.working():
        asked = await domains.claim("nozone.example", acme)
        answer = await domains.answer(asked.request_id)

        state = await domains.state(asked.domain_id)
        assert (state.status, state.is_dns_synced) == ("pending", False)
        assert answer.needs == {"domain": 1}
        own = [record for record in state.dns_records if record.name == "_mailwright.nozone.example"]
        assert len(own) == 1
        assert own[0].value.startswith("mailwright-verification=")
        assert domains.simulator.calls("domains.verify") == []

        checked = await domains.verify(asked.domain_id, acme)
        assert (await domains.answer(checked.request_id)).outcome is Outcome.DONE
        assert (await domains.state(asked.domain_id)).status == "verifying"
    assert len(simulator.calls("domains.verify")) == 1


@pytest.mark.contract("S0-20")
async def test_a_verified_domain_stays_verified_when_asked_again(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")
        before = await domains.facts(asked.domain_id)

        again = await domains.verify(asked.domain_id, acme)

        answer = await domains.answer(again.request_id)
    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"domain": len(before)})
    assert await domains.facts(asked.domain_id) == before


async def test_asking_again_and_again_does_not_bother_the_provider(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    async with bench(database, simulator, poll_seconds=60.0) as domains, domains.working():
        asked = await domains.claim("nodns.example", acme)
        await domains.answer(asked.request_id)

        for _ in range(3):
            again = await domains.verify(asked.domain_id, acme)
            await domains.answer(again.request_id)

        assert len(simulator.calls("domains.verify")) == 1
        told = [type(fact).__name__ for fact in await domains.facts(asked.domain_id)]
        assert told.count("DomainVerifying") <= 2


async def test_records_of_the_owner_are_kept(domains: Bench, acme: Tenant) -> None:
    zone = _zone(domains.simulator, "acme.example")
    kept = [
        {"type": "TXT", "name": "_dmarc.acme.example", "content": "v=DMARC1; p=none"},
        {"type": "TXT", "name": "acme.example", "content": "v=spf1 include:other.example -all"},
        {"type": "A", "name": "www.acme.example", "content": "192.0.2.1"},
    ]
    for record in kept:
        assert domains.simulator.post(zone, record).status_code == 200
    stale = {"type": "TXT", "name": "agentmail._domainkey.acme.example", "content": "v=DKIM1; k=rsa; p=OLD"}
    assert domains.simulator.post(zone, stale).status_code == 200

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")

    held = domains.simulator.http.get(zone).json()["result"]
    assert {(record["name"], record["content"].strip('"')) for record in held} >= {
        (record["name"], record["content"]) for record in kept
    }
    keys = [record for record in held if "_domainkey" in record["name"]]
    assert len(keys) == 1
    assert "OLD" not in keys[0]["content"]


async def test_a_sender_policy_gets_our_senders_and_stays_its_owners(domains: Bench, acme: Tenant) -> None:
    zone = _zone(domains.simulator, "acme.example")
    policy = {
        "type": "TXT",
        "name": "mail.acme.example",
        "content": "v=spf1 ip4:192.0.2.0/24 ~all",
        "comment": "mine",
    }
    assert domains.simulator.post(zone, policy).status_code == 200

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.answer(asked.request_id)

    held = domains.simulator.http.get(zone, params={"name": "mail.acme.example", "type": "TXT"}).json()[
        "result"
    ]
    assert [(record["content"], record["comment"]) for record in held] == [
        ('"v=spf1 ip4:192.0.2.0/24 include:amazonses.com ~all"', "mine")
    ]


async def test_mail_that_goes_elsewhere_is_never_redirected(domains: Bench, acme: Tenant) -> None:
    zone = _zone(domains.simulator, "acme.example")
    mail = {"type": "MX", "name": "acme.example", "content": "mail.acme.example", "priority": 5}
    assert domains.simulator.post(zone, mail).status_code == 200

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.answer(asked.request_id)

    state = await domains.state(asked.domain_id)
    assert (state.status, state.is_dns_synced) == ("pending", False)
    held = domains.simulator.http.get(zone).json()["result"]
    hosts = [
        record["content"] for record in held if record["type"] == "MX" and record["name"] == "acme.example"
    ]
    assert hosts == ["mail.acme.example"]


async def test_a_zone_that_is_not_open_to_the_tenant_is_not_written(
    database: str, simulator: Simulated, acme: Tenant, globex: Tenant
) -> None:
    async with bench(database, simulator, zones=f"{globex.id}:acme.example") as domains, domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.answer(asked.request_id)

        assert (await domains.state(asked.domain_id)).status == "pending"
        assert simulator.calls("records.batch") == []

        theirs = await domains.claim("acme.example", globex)
        await domains.has_status(theirs.domain_id, "verified")


async def test_the_records_of_a_subdomain_go_into_its_parents_zone(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    async with bench(database, simulator, zones="acme.example") as domains, domains.working():
        asked = await domains.claim("mail.acme.example", acme)

        await domains.has_status(asked.domain_id, "verified")

    zones = simulator.http.get("/_sim/state").json()["cloudflare"]["zones"]
    assert [zone["name"] for zone in zones] == ["acme.example"]


async def test_the_lease_is_given_back_and_nothing_is_due_before_the_next_look(
    domains: Bench, acme: Tenant
) -> None:
    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")

        async def is_at_rest() -> bool:
            row = await domains.row("acme.example")
            hours = (
                (row["due_at"] - domains.recorder.clock.now()).total_seconds() / 3_600 if row["due_at"] else 0
            )
            return row["lease_token"] is None and 5.9 < hours <= 6.0

        await eventually(is_at_rest)
    assert await domains.pool.fetchval("select count(*) from domain_request") == 0


def _zone(simulator: Simulated, name: str) -> str:
    found = simulator.http.get("/cloudflare/client/v4/zones", params={"name": name}).json()["result"]
    return f"/cloudflare/client/v4/zones/{found[0]['id']}/dns_records"
