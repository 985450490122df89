"""What a client says about how a domain stands holds until a check decides again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from shared.contracts.answers import Outcome
from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

NAME = "acme.example"


@pytest.mark.parametrize("status", ["pending", "verifying", "failed"])
async def test_a_verified_domain_can_be_overridden_and_verified_again(
    database: str, simulator: Simulated, acme: Tenant, status: Literal["pending", "verifying", "failed"]
) -> None:
    async with bench(database, simulator, poll_seconds=60.0) as domains, domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
        await domains.verify(asked.domain_id, acme)
        await domains.has_status(asked.domain_id, "verified")

        change = await domains.change(asked.domain_id, status, acme)
        answer = await domains.answer(change.request_id)

        facts = await domains.facts(asked.domain_id)
        assert type(facts[-1]).__name__ == "DomainChanged"
        assert (answer.outcome, answer.needs) == (Outcome.DONE, {"domain": len(facts)})
        assert (facts[-1].domain.status, facts[-1].domain.failure) == (status, None)
        assert (await domains.row(NAME))["owner_tenant_id"] == acme.id
        refused = await domains.account("ada", asked.domain_id, acme)
        assert (await domains.account_answer(refused.request_id)).code == "domain_not_verified"

        again = await domains.verify(asked.domain_id, acme)
        await domains.answer(again.request_id)
        await domains.has_status(asked.domain_id, "verified")


async def test_an_overridden_domain_stays_its_tenants(domains: Bench, acme: Tenant, globex: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        change = await domains.change(asked.domain_id, "failed", acme)
        await domains.answer(change.request_id)

        theirs = await domains.claim(NAME, globex)
        assert (await domains.answer(theirs.request_id)).code == "domain_taken"


async def test_a_domain_said_to_be_verifying_is_checked_by_itself(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        change = await domains.change(asked.domain_id, "verifying", acme)
        await domains.answer(change.request_id)

        await domains.has_status(asked.domain_id, "verified")


async def test_an_override_waits_for_the_domain_to_be_registered(domains: Bench, acme: Tenant) -> None:
    fault = domains.simulator.fault("agentmail", "domains.create", "status", status=503)
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        change = await domains.change(asked.domain_id, "failed", acme)

        async def was_postponed() -> bool:
            return bool((await domains.row(NAME))["attempts"])

        await eventually(was_postponed)
        domains.simulator.http.delete(f"/_sim/faults/{fault}")
        assert (await domains.answer(change.request_id)).outcome is Outcome.DONE
    told = await domains.told(asked.domain_id)
    assert told[0] == "DomainRegistered"
    assert "DomainChanged" in told


@pytest.mark.promise("R01")
async def test_a_crash_after_an_override_loses_nothing(
    domains: Bench, acme: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / "provisioner.domain_change.after_commit").write_text("raise 1")
    async with domains.working(lease_seconds=0.6):
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
        change = await domains.change(asked.domain_id, "failed", acme)

        assert (await domains.answer(change.request_id)).outcome is Outcome.DONE
        deletion = await domains.delete(asked.domain_id, acme)
        await domains.answer(deletion.request_id)
    assert (tmp_path / "provisioner.domain_change.after_commit.fired").exists()
    assert (await domains.told(asked.domain_id)).count("DomainChanged") == 1
