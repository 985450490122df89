"""Judging warmup days: once per account and day, graduation by the provider's totals, bans, interruptions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.warmup.domain.policies import PUFFLE, Goal, Measure, Policy
from services.warmup.domain.schedule import Schedule
from shared.clock import Calendar
from shared.observability.failpoints import FailPointRaised
from tests.integration.warmup.bench import Bench

DAY = 86_400


@pytest.mark.contract("S1-30", "S1-31")
@pytest.mark.promise("I12")
async def test_an_account_graduates_after_about_two_weeks_and_not_before(bench: Bench) -> None:
    account = await bench.warming("ada")

    await bench.judge_days(13)
    assert (await bench.row(account))["status"] == "warming"
    await bench.judge_days(1)

    facts = await bench.facts(account)
    assert facts[-1] == "graduated"
    assert set(facts[2:-1]) == {"day_recorded"}
    days = await bench.pool.fetch("select * from warmup_day order by day")
    assert len(days) == facts.count("day_recorded") == 14
    assert [day["judgement"] for day in days] == ["continue"] * 13 + ["graduate"]
    state = (await bench.told(account))[-1].data["warmup"]
    assert state["status"] == "graduated"
    assert (state["day"], state["reputation"], state["total_sent"]) == (14, 90.0, 210)


async def test_a_graduated_account_is_watched_and_a_ban_ends_its_sending(bench: Bench) -> None:
    account = await bench.warming("watched")
    await bench.judge_days(15)
    assert (await bench.facts(account))[-2:] == ["graduated", "day_recorded"]
    assert (await bench.row(account))["status"] == "graduated"
    verdict = {"email": "watched@myagentmail.com", "warmup_status": -1}
    assert bench.sim.post("/_sim/warmup", verdict).status_code == 200

    await bench.judge_days()

    assert (await bench.facts(account))[-2:] == ["day_recorded", "banned"]


async def test_a_graduated_account_falls_back_and_graduates_again(bench: Bench) -> None:
    account = await bench.warming("lapsed")
    await bench.judge_days(14)
    assert (await bench.facts(account))[-1] == "graduated"
    bench.follow_policy(Policy("strict", 1, PUFFLE.goals, keeps=(Goal(Measure.REPUTATION, 80.0),)))
    lapsed = {"email": "lapsed@myagentmail.com", "warmup_status": None, "score": 70}
    assert bench.sim.post("/_sim/warmup", lapsed).status_code == 200

    await bench.judge_days()
    assert (await bench.facts(account))[-2:] == ["day_recorded", "fell_back"]
    assert (await bench.row(account))["status"] == "warming"
    assert bench.sim.post("/_sim/warmup", {**lapsed, "score": None}).status_code == 200
    await bench.judge_days()

    assert (await bench.facts(account))[-2:] == ["day_recorded", "graduated"]


async def test_every_day_says_why_and_when(bench: Bench) -> None:
    account = await bench.warming("why")

    await bench.judge_days(2)

    state = (await bench.told(account))[-1].data["warmup"]
    decision = state["decision"]
    assert (decision["policy"], decision["policy_version"], decision["day"]) == ("puffle", 1, 2)
    assert decision["sentence"] == (
        "It does not meet every goal yet: reputation 66 (at least 90), messages sent 6 (at least 200)."
    )
    assert decision["expected_at"] is not None
    assert state["next_evaluation_at"] == (await bench.row(account))["due_at"].isoformat().replace(
        "+00:00", "Z"
    )
    kept = await bench.pool.fetchval("select decision from warmup_day order by day desc limit 1")
    assert kept == decision


async def test_a_banned_sender_is_found_at_the_next_judgement(bench: Bench) -> None:
    account = await bench.warming("banned-grace")

    await bench.judge_days(2)

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded", "banned"]
    assert (await bench.row(account))["due_at"] is None


async def test_a_day_is_judged_once_however_often_it_comes_up(bench: Bench) -> None:
    account = await bench.warming("once")
    await bench.judge_days()

    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now())
    await bench.judge_due()

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    assert (await bench.row(account))["due_at"] > bench.clock.now()


@pytest.mark.promise("R24", "I12")
@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_set_wrong_during_a_judgement_changes_neither_day_nor_number(
    bench: Bench, hours: int
) -> None:
    account = await bench.warming("jump")
    due = (await bench.row(account))["due_at"]
    bench.sim.advance(1)
    bench.clock.instant = due + timedelta(seconds=1)

    (batch,) = await bench.judge.claim(2)
    bench.clock.pass_seconds(3_600 * hours)
    await bench.judge.run(batch)
    await bench.judge_until(due + timedelta(hours=4))

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    days = await bench.pool.fetch("select day from warmup_day")
    assert [row["day"] for row in days] == [bench.schedule.calendar.day(due)]
    assert (await bench.row(account))["due_at"] == due + timedelta(days=1)


@pytest.mark.promise("R24", "I12")
@pytest.mark.parametrize("operation", ["warmup.analytics", "accounts.get"])
async def test_a_clock_set_back_while_the_provider_is_silent_does_not_add_the_day_before(
    bench: Bench, operation: str
) -> None:
    account = await bench.warming("silence")
    due = (await bench.row(account))["due_at"]
    bench.sim.advance(1)
    bench.sim.fault("instantly", operation, "status", status=500, times=1)
    bench.clock.instant = due + timedelta(seconds=1)

    (batch,) = await bench.judge.claim(2)
    bench.clock.pass_seconds(-3_600)
    await bench.judge.run(batch)
    bench.clock.pass_seconds(60)
    await bench.judge_due()
    assert await bench.facts(account) == ["started", "confirmed"]
    await bench.judge_until(due + timedelta(hours=1))

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    assert await bench.pool.fetchval("select day from warmup_day") == bench.schedule.calendar.day(due)


@pytest.mark.promise("R04", "R24", "I12")
@pytest.mark.parametrize("is_late_first", [True, False])
@pytest.mark.parametrize("hours", [-25, -1, 0, 1])
async def test_of_two_workers_on_one_day_whose_clock_is_set_wrong_one_records_it(
    bench: Bench, hours: int, is_late_first: bool
) -> None:
    account = await bench.warming("twice")
    due = (await bench.row(account))["due_at"]
    bench.sim.advance(1)
    bench.clock.instant = due + timedelta(seconds=1)

    late = bench.judge
    (lost,) = await late.claim(2)
    await bench.pool.execute("update warmup set leased_until = now() - interval '1 s'")
    bench.follow_policy(PUFFLE)
    (held,) = await bench.judge.claim(2)
    bench.clock.pass_seconds(3_600 * hours)
    for worker, batch in [(late, lost), (bench.judge, held)][:: 1 if is_late_first else -1]:
        await worker.run(batch)
    await bench.judge_until(due + timedelta(hours=4))

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    days = await bench.pool.fetch("select day from warmup_day")
    assert [row["day"] for row in days] == [bench.schedule.calendar.day(due)]


@pytest.mark.promise("I12")
async def test_a_day_whose_judgement_ends_after_midnight_is_judged_and_so_is_the_next(bench: Bench) -> None:
    account = await bench.warming("owl")
    day = bench.schedule.calendar.day(bench.clock.now()) + 1
    bench.clock.instant = bench.schedule.calendar.start_of(day + 1) - timedelta(seconds=1)
    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now())
    bench.sim.advance(1)

    (batch,) = await bench.judge.claim(2)
    bench.clock.pass_seconds(5)
    await bench.judge.run(batch)
    await bench.judge_until(bench.clock.now() + timedelta(hours=2))

    rows = await bench.pool.fetch("select day from warmup_day order by day")
    assert [row["day"] for row in rows] == [day, day + 1]
    assert (await bench.facts(account))[2:] == ["day_recorded"] * 2


async def test_a_service_that_starts_with_shorter_days_does_not_wait_for_the_end_of_a_long_one(
    bench: Bench,
) -> None:
    account = await bench.warming("hasty")
    calendar = Calendar(bench.clock.now(), day_seconds=2.0)
    bench.schedule = Schedule(calendar=calendar, jitter=lambda _, longest: longest)
    bench.follow_policy(PUFFLE)
    bench.sim.advance(1)
    bench.clock.pass_seconds(2.5)

    await bench.judge_due()

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]
    assert (await bench.row(account))["due_at"] <= bench.clock.now() + timedelta(seconds=4)


async def test_days_that_passed_while_the_service_was_down_are_not_caught_up(bench: Bench) -> None:
    account = await bench.warming("asleep")

    bench.sim.advance(5)
    bench.clock.pass_seconds(5 * DAY)
    for _ in range(3):
        await bench.judge_until(bench.clock.now() + timedelta(hours=3))

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


@pytest.mark.promise("I12")
async def test_after_an_outage_accounts_are_judged_at_the_usual_pace(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"pile-{number}") for number in range(40)]
    await bench.attempt()
    await bench.confirm()
    bench.clock.pass_seconds(2 * DAY + 2 * 3_600)

    await bench.judge_due()
    assert bench.sim.calls("warmup.analytics") == []
    due = [(await bench.row(account))["due_at"] for account in accounts]
    spread = (max(due) - min(due)).total_seconds()
    assert min(due) >= bench.clock.now()
    assert 1_800 < spread < 3_600

    await bench.judge_until(max(due))
    for account in accounts:
        assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


async def test_a_provider_that_is_away_for_days_is_asked_seldom_and_changes_nothing(bench: Bench) -> None:
    account = await bench.warming("patient")
    await bench.judge_days()
    before = (await bench.told(account))[-1].data["warmup"]
    fault = bench.sim.fault("instantly", "warmup.analytics", "status", status=500)
    calls = len(bench.sim.calls("warmup.analytics"))

    end = bench.clock.now() + timedelta(days=2)
    while bench.clock.now() < end:
        bench.clock.instant = max(bench.clock.now(), (await bench.row(account))["due_at"])
        await bench.judge_due()
        await bench.calm_the_gate()

    assert len(bench.sim.calls("warmup.analytics")) - calls < 48
    assert (await bench.told(account))[-1].data["warmup"] == before
    bench.sim.http.delete(f"/_sim/faults/{fault}")
    await bench.judge_until(end + timedelta(hours=2))
    assert (await bench.facts(account))[-1] == "day_recorded"
    assert (await bench.row(account))["day"] == 2


@pytest.mark.parametrize("operation", ["warmup.analytics", "accounts.get"])
async def test_a_provider_that_does_not_answer_delays_the_judgement(bench: Bench, operation: str) -> None:
    account = await bench.warming("patient")
    bench.sim.fault("instantly", operation, "status", status=500, times=1)

    await bench.judge_days()
    assert await bench.facts(account) == ["started", "confirmed"]

    bench.clock.pass_seconds(10)
    await bench.judge_due()
    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


async def test_a_hundred_accounts_are_judged_with_one_question_for_their_totals(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"many-{number}") for number in range(12)]
    await bench.attempt()
    await bench.confirm()

    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now() + timedelta(days=1))
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
    await bench.judge_due()

    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


async def test_the_providers_figures_are_told_with_every_day(bench: Bench) -> None:
    account = await bench.warming("figures")

    await bench.judge_days(3)

    state = (await bench.told(account))[-1].data["warmup"]
    assert state["provider_status"] == 1
    assert (state["total_sent"], state["total_received"]) == (12, 12)
    assert (state["health_score"], state["health_label"]) == (68.0, "68%")
    assert state["observed_at"].startswith("2026-03-04T00:")
    assert [(day["sent"], day["received"], day["inbox"]) for day in state["days"]] == [
        (2, 2, 2), (4, 4, 4), (6, 6, 6),
    ]  # fmt: skip
    dates = [day["date"] for day in state["days"]]
    assert dates == sorted(set(dates))


async def test_figures_that_the_provider_leaves_out_stay_and_grow_stale(bench: Bench) -> None:
    account = await bench.warming("stale")
    await bench.judge_days(2)
    before = (await bench.told(account))[-1].data["warmup"]
    bench.sim.fault(
        "instantly",
        "warmup.analytics",
        "status",
        status=200,
        body={"aggregate_data": {}, "email_date_data": {}},
    )

    await bench.judge_days()

    after = (await bench.told(account))[-1].data["warmup"]
    assert after["day"] == 3
    for name in ("total_sent", "total_received", "health_score", "days", "observed_at"):
        assert after[name] == before[name]


async def test_figures_that_cannot_be_read_delay_the_judgement(bench: Bench) -> None:
    account = await bench.warming("garbled")
    garbled = {"aggregate_data": {"garbled@myagentmail.com": {"sent": "many"}}}
    bench.sim.fault("instantly", "warmup.analytics", "status", status=200, body=garbled, times=1)

    await bench.judge_days()
    assert await bench.facts(account) == ["started", "confirmed"]

    bench.clock.pass_seconds(10)
    await bench.judge_due()
    assert await bench.facts(account) == ["started", "confirmed", "day_recorded"]


@pytest.mark.parametrize(("number", "state"), [(-1, "banned"), (-2, "banned"), (-3, "suspended")])
async def test_the_providers_verdict_on_a_sender_is_the_accounts_error(
    bench: Bench, number: int, state: str
) -> None:
    account = await bench.warming("judged")
    await bench.judge_days()
    verdict = {"email": "judged@myagentmail.com", "warmup_status": number}
    assert bench.sim.post("/_sim/warmup", verdict).status_code == 200

    await bench.judge_days()

    assert (await bench.facts(account))[-1] == state
    last = (await bench.told(account))[-1].data["warmup"]
    assert (last["status"], last["provider_status"]) == (state, number)


@pytest.mark.promise("I12")
@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 404},
        {"status": 400},
        {"status": 200, "body": {"aggregate_data": {"odd@myagentmail.com": {"sent": "many"}}}},
    ],
)
async def test_an_address_that_the_provider_tells_no_figures_of_keeps_no_other_from_its_day(
    bench: Bench, trouble: dict[str, Any]
) -> None:
    odd, *others = [await bench.provisioned(name) for name in ("odd", "even", "ever")]
    await bench.attempt()
    await bench.confirm()
    await bench.pool.execute("update warmup set due_at = $1", bench.clock.now() + timedelta(days=1))
    bench.sim.fault("instantly", "warmup.analytics", "status", match="odd@*", **trouble)

    await bench.judge_days()

    rows = {each: await bench.row(each) for each in (odd, *others)}
    assert [rows[each]["day"] for each in others] == [1, 1]
    if trouble["status"] != 200:
        assert [rows[each]["total_sent"] for each in others] == [2, 2]
    assert rows[odd]["day"] == (1 if trouble["status"] == 404 else 0)
    assert rows[odd]["status"] == "warming"
