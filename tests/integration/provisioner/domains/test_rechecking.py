"""Verified domains are looked at again against real DNS: they fall back when their records go, and come back with them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.contracts.answers import Outcome
from shared.contracts.domains import DnsRecord
from tests.support.domain_bench import Asked, Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

NAME = "nozone-watched.example"


@pytest.fixture
async def watched(database: str, simulator: Simulated) -> AsyncIterator[Bench]:
    """A bench that looks at verified domains every 0.2 seconds."""
    async with bench(
        database, simulator, dns_timeout_seconds=0.5, day_seconds=24.0, domain_recheck_hours=0.2
    ) as made:
        yield made


async def verified(domains: Bench, tenant: Tenant) -> tuple[Asked, dict[str, str]]:
    """Claim a domain, publish its records by hand, and see it verified; return where each record is published."""
    asked = await domains.claim(NAME, tenant)
    await domains.answer(asked.request_id)
    published: dict[str, str] = {
        record.purpose: publish(domains.simulator, record)
        for record in (await domains.state(asked.domain_id)).dns_records
    }
    await domains.verify(asked.domain_id, tenant)
    await domains.has_status(asked.domain_id, "verified")
    return asked, published


def publish(simulator: Simulated, record: DnsRecord) -> str:
    return simulator.publish(record.type, record.name, record.value, record.priority)


def unpublish(simulator: Simulated, record_id: str) -> None:
    assert simulator.http.delete(f"/_sim/dns/{record_id}").status_code == 200


async def looks(domains: Bench, asked: Asked, column: str) -> object:
    return await domains.pool.fetchval(
        f"select {column} from domain_claim where id = $1",
        asked.domain_id,
    )


@pytest.mark.contract("S0-20", "S0-23")
async def test_a_domain_whose_records_go_falls_back_carries_no_new_accounts_and_comes_back_by_itself(
    watched: Bench, acme: Tenant
) -> None:
    async with watched.working():
        asked, published = await verified(watched, acme)
        unpublish(watched.simulator, published["mx"])

        failed = await watched.has_status(asked.domain_id, "failed")
        refused = await watched.account_answer(
            (await watched.account("ada", asked.domain_id, acme)).request_id
        )
        (gone,) = [record for record in failed.dns_records if record.status != "valid"]
        publish(watched.simulator, gone)
        back = await watched.has_status(asked.domain_id, "verified")

    assert failed.failure is not None
    assert failed.failure.code == "dns_lost"
    assert f"MX {gone.name} is missing" in failed.failure.message
    assert (gone.type, gone.status, gone.seen) == ("MX", "missing", ())
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, "domain_not_verified")
    assert (back.failure, {record.status for record in back.dns_records}) == (None, {"valid"})
    due_to = [row["request_id"] for row in await watched.recorded() if row["subject"] == asked.domain_id]
    assert due_to[-1] is None, "nobody asked"
    assert (await watched.told(asked.domain_id))[-3:] == ["DomainVerified", "DomainFailed", "DomainVerified"]


async def test_healthy_looks_tell_nothing(watched: Bench, acme: Tenant) -> None:
    async with watched.working():
        asked, _ = await verified(watched, acme)
        facts = len(await watched.facts(asked.domain_id))
        first = await looks(watched, asked, "recheck_at")

        await eventually(lambda: _moved(watched, asked, first), what="it was looked at again")

    assert len(await watched.facts(asked.domain_id)) == facts


async def _moved(domains: Bench, asked: Asked, before: object) -> bool:
    return await looks(domains, asked, "recheck_at") != before


@pytest.mark.parametrize(
    ("provider", "operation", "kind"),
    [("dns", "*", "servfail"), ("dns", "*", "timeout"), ("agentmail", "domains.get", "drop")],
)
async def test_silence_of_dns_or_of_the_provider_takes_no_domain_back(
    watched: Bench, acme: Tenant, provider: str, operation: str, kind: str
) -> None:
    async with watched.working():
        asked, published = await verified(watched, acme)
        fault = watched.simulator.fault(provider, operation, kind)
        unpublish(watched.simulator, published["mx"])
        await eventually(lambda: _struck(watched.simulator, fault) >= 5, what="five silent looks")

        assert (await watched.state(asked.domain_id)).status == "verified"
        assert await looks(watched, asked, "bad_looks") in {0, 1}

        watched.simulator.http.delete(f"/_sim/faults/{fault}")
        await watched.has_status(asked.domain_id, "failed")


def _struck(simulator: Simulated, fault: str) -> int:
    armed = simulator.http.get("/_sim/faults").json()["faults"]
    return next((int(each["struck"]) for each in armed if each["id"] == fault), 0)
