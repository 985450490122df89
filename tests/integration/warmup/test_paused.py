"""A warmup that a client paused is looked at once a day: the pause stands, and what the provider does meanwhile is noticed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.warmup.domain.attempts import SenderStatus
from tests.integration.warmup.bench import Bench
from tests.unit.warmup.told_provider import ToldProvider

DAY_SECONDS = 86_400


async def paused(bench: Bench, username: str) -> tuple[UUID, ToldProvider]:
    """Let a client pause a warmup, at a provider that can be told what to show."""
    account = await bench.warming(username)
    provider = ToldProvider()
    bench.ask(provider)
    await bench.done("pause", account)
    return account, provider


@pytest.mark.parametrize(
    ("shown", "fact"), [(SenderStatus.BANNED, "banned"), (SenderStatus.SUSPENDED, "suspended")]
)
async def test_a_sender_that_the_provider_stops_is_told_within_a_day_and_why(
    bench: Bench, shown: SenderStatus, fact: str
) -> None:
    account, provider = await paused(bench, "worse")
    provider.status = shown

    await bench.judge_days(1)

    assert (await bench.facts(account))[-2:] == ["paused", fact]
    row = await bench.row(account)
    assert (row["status"], row["due_at"]) == (fact, None)
    assert row["decision"]["judgement"] == {"banned": "ban", "suspended": "suspend"}[fact]


async def test_no_day_of_it_is_judged(bench: Bench) -> None:
    account, provider = await paused(bench, "rests")

    await bench.judge_days(3)

    assert (await bench.facts(account))[-1] == "paused"
    row = await bench.row(account)
    assert (row["status"], row["day"], row["is_confirmed"]) == ("paused", 0, True)
    assert await bench.pool.fetchval("select count(*) from warmup_day") == 0
    assert provider.status is SenderStatus.PAUSED


async def test_a_sender_that_warms_although_nobody_resumed_it_is_stopped_again(bench: Bench) -> None:
    account, provider = await paused(bench, "revived")
    provider.status = SenderStatus.WARMING

    await bench.judge_days(1)
    await bench.look()

    assert provider.status is SenderStatus.PAUSED
    assert (await bench.facts(account))[-1] == "paused"
    for _ in range(8):
        bench.clock.pass_seconds(60)
        await bench.look()
    row = await bench.row(account)
    assert (row["is_confirmed"], row["intent_at"]) == (True, None)
    assert row["due_at"] == bench.schedule.next_day(bench.clock.now(), account)


async def test_a_resume_after_many_looks_goes_on_where_it_stopped(bench: Bench) -> None:
    account, _ = await paused(bench, "back")
    await bench.judge_days(3)

    await bench.done("resume", account)
    await bench.judge_days(1)

    assert (await bench.facts(account))[-3:] == ["resumed", "confirmed", "day_recorded"]
    assert (await bench.row(account))["day"] == 1


async def test_a_provider_that_is_away_is_asked_seldom_and_changes_nothing(bench: Bench) -> None:
    account, provider = await paused(bench, "away")
    provider.is_silent = True
    for _ in range(24):
        due_at = (await bench.row(account))["due_at"]
        bench.clock.instant = max(bench.clock.now(), due_at)
        await bench.judge_due()

    row = await bench.row(account)
    assert row["status"] == "paused"
    assert row["due_at"] - bench.clock.now() == timedelta(hours=1)


async def test_looks_that_a_downtime_delayed_are_spread_as_on_any_day(bench: Bench) -> None:
    account, provider = await paused(bench, "late")
    provider.status = SenderStatus.BANNED
    bench.clock.pass_seconds(3 * DAY_SECONDS + 7_200)

    await bench.judge_due()

    row = await bench.row(account)
    assert row["status"] == "paused"
    assert row["due_at"] == bench.schedule.catch_up_at(bench.clock.now(), account)


async def test_a_pause_of_an_earlier_version_is_looked_at_too(bench: Bench) -> None:
    account, provider = await paused(bench, "older")
    await bench.pool.execute("update warmup set due_at = null")
    provider.status = SenderStatus.BANNED
    bench.ask(provider)

    await bench.judge_due()
    bench.clock.instant = (await bench.row(account))["due_at"]
    await bench.judge_due()

    assert (await bench.facts(account))[-1] == "banned"
