"""A deletion in trouble: refusals, silence, what lands late, and crashes delay it and never end it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.provisioner.fail_points_domains import FAIL_POINTS
from shared.contracts.answers import Outcome
from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

NAME = "acme.example"
WAYS = ("delete", "unpublish", "unregister")
CRASH_POINTS = sorted(
    name for name in FAIL_POINTS if name.startswith(tuple(f"provisioner.domain_{way}." for way in WAYS))
)


@pytest.mark.parametrize(
    ("provider", "operation", "kind", "more"),
    [
        ("agentmail", "domains.delete", "drop", {"when": "after"}),
        ("agentmail", "domains.delete", "timeout", {"when": "before"}),
        ("agentmail", "domains.delete", "status", {"status": 409}),
        ("agentmail", "domains.delete", "status", {"status": 403}),
        ("agentmail", "domains.get", "status", {"status": 500}),
        ("cloudflare", "records.batch", "drop", {"when": "after"}),
        ("cloudflare", "records.batch", "late", {"delay_seconds": 0.3}),
        ("cloudflare", "records.list", "status", {"status": 503}),
    ],
)
@pytest.mark.promise("R10")
async def test_trouble_delays_a_deletion_and_never_ends_it(
    domains: Bench, acme: Tenant, provider: str, operation: str, kind: str, more: dict[str, Any]
) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        domains.simulator.fault(provider, operation, kind, times=2, **more)
        deletion = await domains.delete(asked.domain_id, acme)

        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
    assert domains.nothing_is_left(NAME)


@pytest.mark.promise("R10")
@pytest.mark.parametrize(
    ("provider", "operation"), [("agentmail", "domains.create"), ("cloudflare", "records.batch")]
)
async def test_what_lands_after_the_end_is_removed(
    database: str, simulator: Simulated, acme: Tenant, provider: str, operation: str
) -> None:
    simulator.fault(provider, operation, "late", delay_seconds=1.5, times=1)
    effect = {"agentmail": "domain", "cloudflare": "record"}[provider]
    async with bench(database, simulator, sweep_seconds=(0.2, 4.0)) as domains, domains.working():
        asked = await domains.claim(NAME, acme)

        async def was_given_up_on() -> bool:
            return (await domains.row(NAME))["doubtful_since"] is not None

        await eventually(was_given_up_on)
        deletion = await domains.delete(asked.domain_id, acme)
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE

        async def was_removed() -> bool:
            row = await domains.row(NAME)
            return row["doubtful_since"] is None and bool(simulator.ledger(f"{effect}.deleted"))

        await eventually(was_removed)
        assert simulator.ledger(f"{effect}.created")
        assert domains.nothing_is_left(NAME)

        async def is_at_rest() -> bool:  # after the last look comes one that finds nothing to do
            row = await domains.row(NAME)
            return row["due_at"] is None and row["lease_token"] is None

        await eventually(is_at_rest)


@pytest.mark.promise("R01")
@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_a_crash_at_any_point_of_a_deletion_costs_nothing_but_time(
    domains: Bench, acme: Tenant, point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / point).write_text("raise 1")

    async with domains.working(lease_seconds=0.6), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        made = await domains.account("ada", asked.domain_id, acme)
        await domains.account_answer(made.request_id)
        deletion = await domains.delete(asked.domain_id, acme)
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE

    assert (tmp_path / f"{point}.fired").exists()
    told = await domains.told(asked.domain_id)
    assert (told.count("DomainDeleting"), told.count("DomainDeleted")) == (1, 1)
    assert domains.nothing_is_left(NAME)


async def test_a_zone_that_may_not_be_written_any_more_keeps_its_records(
    domains: Bench, acme: Tenant
) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        domains.simulator.fault("cloudflare", "records.batch", "status", status=403)
        deletion = await domains.delete(asked.domain_id, acme)

        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
    assert len(domains.simulator.ledger("domain.deleted")) == 1
    assert domains.simulator.ledger("record.deleted") == []
