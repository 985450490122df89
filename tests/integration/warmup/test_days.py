"""Judging warmup days: once per account and day, graduation by the provider's totals, bans, interruptions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.observability.failpoints import FailPointRaised
from tests.integration.warmup.bench import Bench

DAY = 86_400


@pytest.mark.contract("S1-30", "S1-31")
@pytest.mark.promise("I12")
async def test_an_account_graduates_after_about_two_weeks_and_not_before(bench: Bench) -> None:
    account = await bench.warming("ada")

    await bench.judge_days(13)
    assert (await bench.row(account))["status"] == "warming"
    await bench.judge_days(3)

    facts = await bench.facts(account)
    assert facts[-1] == "graduated"
    assert set(facts[2:-1]) == {"day_recorded"}
    days = await bench.pool.fetch("select * from warmup_day order by day")
    assert len(days) == facts.count("day_recorded") == 14
    assert [day["judgement"] for day in days] == ["continue"] * 13 + ["graduate"]
    state = (await bench.told(account))[-1].data["warmup"]
    assert state["status"] == "graduated"
    assert (state["day"], state["reputation"], state["total_sent"]) == (14, 90.0, 210)


async def test_a_banned_sender_is_found_at_the_next_judgement(bench: Bench) -> None:
    account = await bench.warming("banned-grace")

    await bench.judge_days(2)

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded", "banned"]
    assert (await bench.row(account))["due_at"] is None


async def test_a_day_is_judged_once_however_often_it_comes_up(bench: Bench) -> None:
    account = await bench.warming("once")
    await bench.judge_days()

    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now())
    for batch in await bench.judge.claim(2):
        await bench.judge.run(batch)

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    assert (await bench.row(account))["due_at"] > bench.clock.now()


async def test_days_that_passed_while_the_service_was_down_are_not_caught_up(bench: Bench) -> None:
    account = await bench.warming("asleep")

    bench.sim.advance(5)
    bench.clock.pass_seconds(5 * DAY)
    for _ in range(3):
        for batch in await bench.judge.claim(2):
            await bench.judge.run(batch)

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


@pytest.mark.parametrize("operation", ["warmup.analytics", "accounts.get"])
async def test_a_provider_that_does_not_answer_delays_the_judgement(bench: Bench, operation: str) -> None:
    account = await bench.warming("patient")
    bench.sim.fault("instantly", operation, "status", status=500, times=1)

    await bench.judge_days()
    assert await bench.facts(account) == ["started", "confirmed"]

    bench.clock.pass_seconds(10)
    for batch in await bench.judge.claim(2):
        await bench.judge.run(batch)
    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


async def test_a_hundred_accounts_are_judged_with_one_question_for_their_totals(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"many-{number}") for number in range(12)]
    await bench.attempt()
    await bench.confirm()

    await bench.judge_days()

    assert len(bench.sim.calls("warmup.analytics")) == 1
    for account in accounts:
        assert (await bench.facts(account))[-1] == "day_recorded"


@pytest.mark.promise("I12")
@pytest.mark.parametrize("point", ["before_call", "after_call", "before_commit", "after_commit"])
async def test_a_judgement_interrupted_at_any_point_is_made_once(
    bench: Bench, arm: Callable[[str], None], point: str
) -> None:
    account = await bench.warming("crash")
    arm(f"warmup.day.{point}")

    with pytest.raises(FailPointRaised):
        await bench.judge_days()
    bench.clock.pass_seconds(2)
    for batch in await bench.judge.claim(2):
        await bench.judge.run(batch)

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
