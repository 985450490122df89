"""Domains while providers fail, workers crash and leases are lost: nothing twice, nothing lost."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.provisioner.domain.domain_changes import REFUSED, failed
from services.provisioner.fail_points_domains import FAIL_POINTS
from services.provisioner.store_domains import PostgresNames
from shared.contracts.answers import Outcome
from shared.db.leases import LeaseLost
from tests.support.domain_bench import Bench, Tenant
from tests.support.eventually import eventually

WAYS = ("register", "publish", "verify")
CRASH_POINTS = sorted(
    name for name in FAIL_POINTS if name.startswith(tuple(f"provisioner.domain_{way}." for way in WAYS))
)


@pytest.mark.promise("R10")
@pytest.mark.parametrize(
    ("provider", "operation", "kind", "more"),
    [
        ("agentmail", "domains.create", "drop", {"when": "after"}),
        ("agentmail", "domains.create", "timeout", {"when": "after"}),
        ("agentmail", "domains.create", "malformed", {"when": "after"}),
        ("agentmail", "domains.create", "late", {"delay_seconds": 0.3}),
        ("agentmail", "domains.create", "status", {"status": 500}),
        ("agentmail", "domains.verify", "drop", {"when": "after"}),
        ("cloudflare", "records.batch", "drop", {"when": "after"}),
        ("cloudflare", "records.batch", "late", {"delay_seconds": 0.3}),
        ("cloudflare", "zones.list", "status", {"status": 502}),
    ],
)
async def test_an_unknown_outcome_is_looked_up_and_gone_on_with(
    domains: Bench, acme: Tenant, provider: str, operation: str, kind: str, more: dict[str, Any]
) -> None:
    domains.simulator.fault(provider, operation, kind, times=1, **more)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        assert (await domains.answer(asked.request_id)).outcome is Outcome.DONE
        await domains.has_status(asked.domain_id, "verified")

    _assert_everything_is_there_once(domains)


@pytest.mark.promise("R01")
@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_a_crash_at_any_point_costs_nothing_but_time(
    domains: Bench, acme: Tenant, point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / point).write_text("raise 1")

    async with domains.working(lease_seconds=0.6):
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")

    assert (tmp_path / f"{point}.fired").exists()
    assert (await domains.answer(asked.request_id)).outcome is Outcome.DONE
    _assert_everything_is_there_once(domains)


async def test_a_crash_before_the_claim_is_kept_keeps_nothing(
    domains: Bench, acme: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / "provisioner.domain_claim.before_commit").write_text("raise 1")

    with pytest.raises(Exception, match="fail point"):
        await domains.claim("acme.example", acme)

    for table in ("domain_claim", "provider_domain", "domain_request", "handled_request", "event_pending"):
        assert await domains.pool.fetchval(f"select count(*) from {table}") == 0


@pytest.mark.promise("R11")
async def test_a_provider_that_asks_to_wait_is_left_alone_for_that_long(domains: Bench, acme: Tenant) -> None:
    domains.simulator.fault("agentmail", "domains.create", "status", status=429, retry_after=1, times=1)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.has_status(asked.domain_id, "verified")

    first, second = domains.simulator.calls("domains.create")
    assert _seconds_between(first["at"], second["at"]) >= 1.0


async def test_who_asks_for_a_claim_hears_of_it_while_dns_is_in_trouble(domains: Bench, acme: Tenant) -> None:
    fault = domains.simulator.fault("cloudflare", "*", "status", status=503, retry_after=1)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        answer = await domains.answer(asked.request_id)
        assert (answer.outcome, answer.needs) == (Outcome.DONE, {"domain": 1})
        assert (await domains.state(asked.domain_id)).status == "pending"

        domains.simulator.http.delete(f"/_sim/faults/{fault}")
        await domains.has_status(asked.domain_id, "verified")


async def test_a_refused_domain_fails_and_may_be_tried_again(domains: Bench, acme: Tenant) -> None:
    fault = domains.simulator.fault("agentmail", "domains.create", "status", status=422)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        answer = await domains.answer(asked.request_id)
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")
        assert await domains.told(asked.domain_id) == ["DomainFailed"]

        domains.simulator.http.delete(f"/_sim/faults/{fault}")
        again = await domains.verify(asked.domain_id, acme)
        assert (await domains.answer(again.request_id)).outcome is Outcome.DONE
        await domains.has_status(asked.domain_id, "verified")


async def test_a_domain_of_another_organisation_is_taken(domains: Bench, acme: Tenant) -> None:
    taken = {"name": "IsTakenError", "code": "resource_taken", "message": "Domain is taken"}
    domains.simulator.fault("agentmail", "domains.create", "status", status=403, body=taken)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        answer = await domains.answer(asked.request_id)

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "domain_taken")
    assert (await domains.state(asked.domain_id)).status == "failed"


async def test_a_key_that_is_refused_waits_for_its_operator(domains: Bench, acme: Tenant) -> None:
    fault = domains.simulator.fault("agentmail", "*", "status", status=401)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)

        async def was_postponed() -> bool:
            return bool((await domains.row("acme.example"))["last_error_code"] == "provider_misconfigured")

        await eventually(was_postponed)
        assert await domains.facts(asked.domain_id) == []

        domains.simulator.http.delete(f"/_sim/faults/{fault}")
        await domains.has_status(asked.domain_id, "verified")


async def test_a_zone_that_may_not_be_written_leaves_the_records_to_the_tenant(
    domains: Bench, acme: Tenant
) -> None:
    domains.simulator.fault("cloudflare", "records.batch", "status", status=403)

    async with domains.working():
        asked = await domains.claim("acme.example", acme)
        assert (await domains.answer(asked.request_id)).outcome is Outcome.DONE

    state = await domains.state(asked.domain_id)
    assert (state.status, state.is_dns_synced) == ("pending", False)


async def test_a_domain_the_provider_lost_is_registered_again(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim("nozone.example", acme)
        await domains.answer(asked.request_id)
        assert domains.simulator.http.delete("/agentmail/v0/domains/nozone.example").status_code == 204

        again = await domains.verify(asked.domain_id, acme)

        assert (await domains.answer(again.request_id)).outcome is Outcome.DONE
    assert len(domains.simulator.ledger("domain.created")) == 2


async def test_a_worker_that_lost_its_lease_changes_nothing(domains: Bench, acme: Tenant) -> None:
    asked = await domains.claim("acme.example", acme)
    store = PostgresNames(domains.pool, domains.recorder, lambda: None, lease_seconds=0.0)
    (old,) = await store.claim_due(10)
    work = await store.load(old)
    (new,) = await store.claim_due(10)
    change = failed(work.claims[0], REFUSED, domains.recorder.clock.now())

    with pytest.raises(LeaseLost):
        await store.save(old, change, work.requests)
    with pytest.raises(LeaseLost):
        await store.record_registration(old, "x")
    await store.release(old, due_in=None)

    assert await domains.facts(asked.domain_id) == []
    assert (await domains.row("acme.example"))["lease_token"] == new.token


async def test_what_is_asked_while_a_name_is_worked_on_stays_due(domains: Bench, acme: Tenant) -> None:
    asked = await domains.claim("acme.example", acme)
    store = PostgresNames(domains.pool, domains.recorder, lambda: None, lease_seconds=10.0)
    (lease,) = await store.claim_due(10)
    await domains.verify(asked.domain_id, acme)
    assert await store.claim_due(10) == []

    await store.release(lease, due_in=None)

    assert len(await store.claim_due(10)) == 1


async def test_a_worker_that_is_stopped_in_the_middle_gives_the_name_back(
    domains: Bench, acme: Tenant
) -> None:
    domains.simulator.fault("agentmail", "domains.create", "timeout", times=1)
    async with domains.working():
        asked = await domains.claim("acme.example", acme)

        async def has_begun() -> bool:
            return (await domains.row("acme.example"))["registration_intent_at"] is not None

        await eventually(has_begun)

    row = await domains.row("acme.example")
    assert row["lease_token"] is None
    assert row["due_at"] is not None
    async with domains.working():
        await domains.has_status(asked.domain_id, "verified")


def _assert_everything_is_there_once(domains: Bench) -> None:
    assert len(domains.simulator.ledger("domain.created")) == 1
    records = domains.simulator.http.get("/_sim/state").json()["cloudflare"]["records"]
    assert len({(record["type"], record["name"]) for record in records}) == len(records) == 6


def _seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
