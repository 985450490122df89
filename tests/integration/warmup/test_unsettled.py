"""Calls whose outcome nobody saw while their client waited: they are looked at on, until ours and the provider's agree."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from services.warmup.domain.attempts import JobStatus, Said, SenderStatus, Verdict
from tests.integration.warmup.bench import Bench
from tests.unit.warmup.told_provider import ToldProvider

DAY = 86_400


class Obedient(ToldProvider):
    """It answers as told and does nothing by itself; what it was called for is kept."""

    def __init__(self, said: Said, status: SenderStatus) -> None:
        super().__init__()
        self.verdict, self.status = Verdict(said, "job"), status
        self.called: list[str] = []

    async def enable(self, addresses: Sequence[str]) -> Verdict:
        self.called.append("enable")
        return self.verdict

    async def disable(self, addresses: Sequence[str]) -> Verdict:
        self.called.append("disable")
        return self.verdict


async def resume_unseen(bench: Bench, username: str) -> tuple[UUID, Obedient]:
    """Let a client resume what it paused, by a call that nobody sees answered: it is told so, and stays paused."""
    account = await bench.warming(username)
    await bench.done("pause", account)
    provider = Obedient(Said.UNKNOWN, SenderStatus.PAUSED)
    bench.ask(provider)

    request = await bench.command("resume", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("failed", "provider_unavailable")]
    assert (await bench.row(account))["status"] == "paused"
    return account, provider


async def look_for(bench: Bench, seconds: float) -> None:
    """Follow whatever is due, second by second."""
    for _ in range(int(seconds)):
        bench.clock.pass_seconds(1)
        await bench.look()


@pytest.mark.contract("S0-55")
async def test_a_resume_that_came_true_after_its_answer_is_told_and_judged(bench: Bench) -> None:
    account, provider = await resume_unseen(bench, "late")

    await look_for(bench, 120)
    provider.status = SenderStatus.WARMING
    await look_for(bench, 60)

    assert (await bench.facts(account))[-2:] == ["paused", "resumed"]
    row = await bench.row(account)
    assert (row["status"], row["is_confirmed"], row["intent_at"]) == ("warming", True, None)
    assert provider.called == ["enable"]
    await bench.judge_until(bench.clock.now() + 2 * (row["due_at"] - bench.clock.now()))
    assert (await bench.facts(account))[-1] == "day_recorded"


async def test_a_resume_that_never_came_true_is_forgotten_when_no_job_can_run_any_more(bench: Bench) -> None:
    account, provider = await resume_unseen(bench, "never")

    await look_for(bench, 350)

    row = await bench.row(account)
    assert (row["status"], row["intent_at"]) == ("paused", None)
    assert row["due_at"] == bench.schedule.next_day(bench.clock.now(), account)
    assert (await bench.facts(account))[-1] == "paused"
    assert provider.called == ["enable"]


async def test_a_provider_that_is_away_for_hours_is_asked_until_it_answers(bench: Bench) -> None:
    account, provider = await resume_unseen(bench, "away")
    provider.is_silent = True
    for _ in range(100):
        bench.clock.pass_seconds(60)
        await bench.look()

    provider.is_silent, provider.status = False, SenderStatus.WARMING
    bench.clock.pass_seconds(60)
    await bench.look()

    assert (await bench.row(account))["status"] == "warming"


@pytest.mark.parametrize(
    ("shown", "fact"), [(SenderStatus.BANNED, "banned"), (SenderStatus.SUSPENDED, "suspended")]
)
async def test_a_look_after_an_unseen_resume_may_show_that_the_provider_stopped_the_sender(
    bench: Bench, shown: SenderStatus, fact: str
) -> None:
    account, provider = await resume_unseen(bench, "worse")
    provider.status = shown

    await look_for(bench, 2)

    assert (await bench.facts(account))[-2:] == ["paused", fact]
    assert (await bench.row(account))["due_at"] is None


@pytest.mark.parametrize(("command", "status"), [("resume", "warming"), ("disable", "disabled")])
async def test_a_client_may_command_again_what_is_unsettled(bench: Bench, command: str, status: str) -> None:
    account, provider = await resume_unseen(bench, "again")
    provider.verdict = Verdict(Said.ACCEPTED, "job")

    request = await bench.command(command, account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert (await bench.row(account))["status"] == status
    assert provider.called == ["enable", "enable" if command == "resume" else "disable"]


async def test_an_unseen_enable_that_comes_after_a_client_disabled_the_warmup_is_undone(bench: Bench) -> None:
    account = await bench.not_started("undone")
    provider = Obedient(Said.UNKNOWN, SenderStatus.PAUSED)
    bench.ask(provider)
    bench.clock.pass_seconds(61)
    await bench.work()
    assert (await bench.row(account))["intent_at"] is not None
    provider.verdict = Verdict(Said.ACCEPTED, "job")
    request = await bench.command("disable", account)
    await bench.obeyed()
    assert await bench.outcomes(request) == [("done", None)]

    provider.called.clear()
    provider.status = SenderStatus.WARMING
    await look_for(bench, 10)
    assert provider.called == ["disable"]
    provider.status = SenderStatus.PAUSED
    await look_for(bench, 450)

    assert provider.called == ["disable"]
    assert (await bench.facts(account))[-1] == "disabled"
    assert (await bench.row(account))["due_at"] is None


@pytest.mark.parametrize(("command", "status"), [("pause", "paused"), ("disable", "disabled")])
async def test_an_accepted_stop_that_no_look_could_show_is_done_and_made_again_if_it_was_not(
    bench: Bench, command: str, status: str
) -> None:
    account = await bench.warming("silent")
    provider = Obedient(Said.ACCEPTED, SenderStatus.WARMING)
    bench.ask(provider)
    provider.is_silent = True

    request = await bench.command(command, account)
    await bench.obeyed()
    assert await bench.outcomes(request) == [("done", None)]
    provider.is_silent, provider.job_status = False, JobStatus.FAILED
    await look_for(bench, 5)
    assert provider.called == ["disable"] * 2
    provider.status = SenderStatus.PAUSED
    await look_for(bench, 450)

    assert provider.called == ["disable"] * 2
    assert (await bench.facts(account))[-1] == status
    watched_from = bench.schedule.next_day(bench.clock.now(), account) if status == "paused" else None
    assert (await bench.row(account))["due_at"] == watched_from


async def test_a_resume_that_came_true_is_told_also_after_a_pause_that_was_only_believed_at_first(
    bench: Bench,
) -> None:
    account = await bench.warming("believed")
    provider = Obedient(Said.ACCEPTED, SenderStatus.WARMING)
    bench.ask(provider)
    provider.is_silent = True
    await bench.command("pause", account)
    await bench.obeyed()
    provider.is_silent, provider.status = False, SenderStatus.PAUSED
    await look_for(bench, 450)

    provider.verdict = Verdict(Said.UNKNOWN)
    request = await bench.command("resume", account)
    await bench.obeyed()
    assert await bench.outcomes(request) == [("failed", "provider_unavailable")]
    provider.status = SenderStatus.WARMING
    await look_for(bench, 30)

    assert (await bench.facts(account))[-2:] == ["paused", "resumed"]
    assert provider.called == ["disable", "enable"]


async def test_an_account_that_goes_away_is_looked_at_no_more(bench: Bench) -> None:
    account, _ = await resume_unseen(bench, "gone")

    await bench.going(account)
    bench.clock.pass_seconds(DAY)

    assert await bench.look() == 0
    assert (await bench.facts(account))[-1] == "ended"
