"""Following an accepted enable: until the provider shows the sender as warming, whatever it answers meanwhile."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.warmup.domain.attempts import JobStatus, Sender, SenderStatus
from tests.integration.warmup.bench import Bench
from tests.unit.warmup.told_provider import ToldProvider


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


class EndsBetween(ToldProvider):
    """Its job ends right after the first question that is asked."""

    async def job(self, job_id: str) -> JobStatus | None:
        answer = await super().job(job_id)
        self._end()
        return answer

    async def sender(self, address: str) -> Sender | None:
        answer = await super().sender(address)
        self._end()
        return answer

    def _end(self) -> None:
        self.status, self.job_status = SenderStatus.WARMING, JobStatus.SUCCEEDED


async def accepted(bench: Bench, provider: ToldProvider) -> UUID:
    """Let an account's enable be accepted, whose job takes its time."""
    account = await bench.provisioned("slow")
    bench.ask(provider)
    await bench.work()
    provider.status, provider.job_status = SenderStatus.PAUSED, JobStatus.RUNNING
    return account


async def test_a_job_that_ends_during_a_look_has_started_the_warmup(bench: Bench) -> None:
    account = await accepted(bench, EndsBetween())

    bench.clock.pass_seconds(12)
    await bench.confirm()

    assert await bench.facts(account) == ["started", "confirmed"]


@pytest.mark.parametrize("lag", [1.0, 9.0])
async def test_a_sender_may_lag_behind_a_job_that_took_minutes(bench: Bench, lag: float) -> None:
    provider = ToldProvider()
    account = await accepted(bench, provider)

    for _ in range(40):
        bench.clock.pass_seconds(6)
        await bench.look()
    provider.job_status = JobStatus.SUCCEEDED
    bench.clock.pass_seconds(30)
    await bench.look()
    bench.clock.pass_seconds(lag)
    await bench.look()
    provider.status = SenderStatus.WARMING
    await bench.confirm()

    assert await bench.facts(account) == ["started", "confirmed"]


async def test_a_sender_that_never_follows_its_job_takes_the_start_back(bench: Bench) -> None:
    provider = ToldProvider()
    account = await accepted(bench, provider)
    provider.job_status = JobStatus.SUCCEEDED

    await bench.confirm()

    assert await bench.facts(account) == ["started", "start_failed"]
    assert (await bench.row(account))["failure_code"] == "provider_job_failed"


async def test_a_follower_that_lost_its_lease_changes_nothing(bench: Bench) -> None:
    account = await bench.provisioned("zombie")
    await bench.attempt()
    bench.clock.pass_seconds(5)
    (zombie,) = await bench.follow.claim(8)
    await bench.going(account)

    await bench.follow.run(zombie)

    assert await bench.facts(account) == ["started", "ended"]
