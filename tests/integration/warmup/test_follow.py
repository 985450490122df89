"""Following an accepted enable: until the provider shows the sender as warming, whatever it answers meanwhile."""

from __future__ import annotations

import pytest

from tests.integration.warmup.bench import Bench


@pytest.mark.parametrize("operation", ["accounts.get", "jobs.get"])
async def test_a_provider_that_does_not_answer_is_asked_again(bench: Bench, operation: str) -> None:
    bench.sim.fault("instantly", operation, "status", status=500, times=2)

    account = await bench.warming("patient")

    assert await bench.facts(account) == ["started", "confirmed"]


async def test_a_sender_that_is_gone_takes_the_start_back(bench: Bench) -> None:
    account = await bench.provisioned("vanished")
    await bench.attempt()
    bench.sim.http.delete("/instantly/api/v2/accounts/vanished@myagentmail.com")

    await bench.confirm()

    assert await bench.facts(account) == ["started", "start_failed"]
    assert (await bench.row(account))["failure_code"] == "sender_missing"


async def test_a_follower_that_lost_its_lease_changes_nothing(bench: Bench) -> None:
    account = await bench.provisioned("zombie")
    await bench.attempt()
    bench.clock.pass_seconds(5)
    (zombie,) = await bench.follow.claim(8)
    await bench.going(account)

    await bench.follow.run(zombie)

    assert await bench.facts(account) == ["started", "ended"]
