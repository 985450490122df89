"""The first attempt to enable: what it comes to when the provider agrees, refuses, hangs, forgets or is locked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.warmup.domain.attempts import Said, Verdict
from services.warmup.providers import instantly
from shared.observability.failpoints import FailPointRaised
from tests.integration.warmup.bench import Bench
from tests.unit.warmup.told_provider import ToldProvider


async def test_an_accepted_enable_starts_the_warmup_answers_the_create_request_and_is_confirmed(
    bench: Bench,
) -> None:
    account = await bench.provisioned("ada")
    assert await bench.told() == []  # nothing is said before the first outcome

    await bench.work()

    started, answer = await bench.told(account)
    assert started.name == "started"
    assert started.data["warmup"]["is_confirmed"] is False
    assert started.request_id == account
    assert answer.time > started.time
    assert (await bench.answers(account))[0]["needs"] == {"account": 6, "warmup": 1}
    assert await bench.outcomes(account) == [("done", None)]

    await bench.confirm()
    assert await bench.facts(account) == ["started", "confirmed"]
    assert bench.enabled() == ["ada@myagentmail.com"]


async def test_a_plan_without_warmup_has_none(bench: Bench) -> None:
    await bench.provisioned("plain", warmup=False)

    assert await bench.work() == 0
    assert await bench.pool.fetchval("select count(*) from warmup") == 0


@pytest.mark.contract("S1-34", "S1-24")
async def test_a_refused_enable_fails_to_start_and_still_answers_the_create_request_done(
    bench: Bench,
) -> None:
    account = await bench.provisioned("fail-warmup")

    await bench.work()

    assert await bench.facts(account) == ["start_failed"]
    state = (await bench.told(account))[0].data["warmup"]
    assert (state["status"], state["attempts"], state["failure"]["code"]) == (
        "not_started",
        1,
        "provider_refused",
    )
    assert await bench.outcomes(account) == [("done", None)]


async def test_a_warmup_that_failed_to_start_is_tried_again_by_itself_after_a_minute(bench: Bench) -> None:
    account = await bench.not_started("grace")

    bench.clock.pass_seconds(58)
    assert await bench.work() == 0
    bench.clock.pass_seconds(3)
    await bench.work()

    assert await bench.facts(account) == ["start_failed", "started"]
    assert (await bench.row(account))["failure_code"] is None


async def test_the_delay_between_own_tries_grows_up_to_an_hour(bench: Bench) -> None:
    account = await bench.provisioned("fail-warmup")
    waits = []
    for _ in range(8):
        await bench.work()
        row = await bench.row(account)
        waits.append((row["next_attempt_at"] - bench.clock.now()).total_seconds())
        bench.clock.instant = row["next_attempt_at"]

    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize("kind", ["drop", "timeout", "malformed"])
@pytest.mark.contract("S1-13")
async def test_an_enable_that_landed_without_an_answer_is_looked_up_and_started(
    bench: Bench, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instantly, "SWITCH_SECONDS", 0.3)
    bench.sim.fault("instantly", "warmup.enable", kind, when="after", times=1)
    account = await bench.provisioned("lost")

    await bench.attempt()
    await bench.confirm()

    assert (await bench.facts(account))[0] == "started"
    assert bench.enabled() == ["lost@myagentmail.com"]


async def test_a_late_landing_enable_takes_effect_once(bench: Bench) -> None:
    bench.sim.fault("instantly", "warmup.enable", "late", delay_seconds=0.2, times=1)
    account = await bench.provisioned("late")

    await bench.attempt()
    await bench.confirm()

    assert (await bench.facts(account))[0] == "started"
    assert bench.enabled() == ["late@myagentmail.com"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 0.05},
        {"kind": "drop"},
    ],
)
async def test_a_provider_that_stays_away_fails_the_start_within_the_window(
    bench: Bench, fault: dict[str, object]
) -> None:
    bench.sim.fault("instantly", "warmup.enable", **fault)  # type: ignore[arg-type]
    account = await bench.provisioned("away")
    begun = bench.clock.now()

    await bench.attempt()

    assert 10 < (bench.clock.now() - begun).total_seconds() <= 26
    assert bench.enable_calls() > 1
    row = await bench.row(account)
    assert (row["status"], row["failure_code"]) == ("not_started", "provider_unavailable")
    assert await bench.outcomes(account) == [("done", None)]


async def test_a_lock_of_the_providers_is_waited_for(bench: Bench) -> None:
    bench.sim.fault("instantly", "warmup.enable", "status", status=409, times=3)
    account = await bench.provisioned("locked")

    await bench.attempt()

    assert await bench.facts(account) == ["started"]
    assert (await bench.row(account))["attempts"] == 1


async def test_a_lock_that_outlasts_the_window_fails_the_start(bench: Bench) -> None:
    bench.sim.fault("instantly", "warmup.enable", "status", status=409)
    account = await bench.provisioned("locked")

    await bench.attempt()

    assert (await bench.row(account))["failure_code"] == "provider_unavailable"


async def test_a_lock_that_lasts_many_minutes_ends_in_warming(bench: Bench) -> None:
    account = await bench.provisioned("locked")
    provider = ToldProvider()
    provider.verdict = Verdict(Said.LOCKED)
    bench.ask(provider)
    begun = bench.clock.now()

    while bench.clock.now() < begun + timedelta(minutes=20):
        await bench.work()
        bench.clock.instant = max((await bench.row(account))["due_at"], bench.clock.now())
    row = await bench.row(account)
    assert (row["status"], row["failure_code"]) == ("not_started", "provider_unavailable")
    provider.verdict = Verdict(Said.ACCEPTED, "job")
    await bench.work()
    await bench.confirm()

    facts = await bench.facts(account)
    assert facts == ["start_failed"] * (len(facts) - 2) + ["started", "confirmed"]
    assert 2 < len(facts) < 10
    assert (await bench.row(account))["status"] == "warming"


async def test_a_job_that_fails_later_takes_the_start_back_and_it_is_tried_again(bench: Bench) -> None:
    bench.sim.knobs(job_outcome="failed")
    account = await bench.warming("unlucky")
    assert await bench.facts(account) == ["started", "start_failed"]
    assert (await bench.row(account))["failure_code"] == "provider_job_failed"

    bench.sim.knobs(job_outcome="success")
    bench.clock.pass_seconds(61)
    await bench.work()
    await bench.confirm()

    assert await bench.facts(account) == ["started", "start_failed", "started", "confirmed"]
    assert await bench.outcomes(account) == [("done", None)]


async def test_a_batch_is_one_call_and_one_refused_address_in_it_fails_alone(bench: Bench) -> None:
    accounts = [await bench.provisioned(f"many-{number}") for number in range(5)]
    refused = await bench.provisioned("fail-warmup-7")

    assert await bench.work() == 1
    assert bench.enable_calls() == 1
    assert await bench.told() == []  # a refused batch says nothing about any of its addresses
    await bench.attempt()

    assert bench.enable_calls() == 7
    for account in accounts:
        assert await bench.facts(account) == ["started"]
    assert await bench.facts(refused) == ["start_failed"]
    assert await bench.outcomes(*accounts, refused) == [("done", None)] * 6


async def test_a_batch_that_hangs_because_of_one_address_starts_the_others(bench: Bench) -> None:
    bench.sim.fault("instantly", "warmup.enable", "drop", match="hang@*")
    accounts = [await bench.provisioned(f"fine-{number}") for number in range(3)]
    hanging = await bench.provisioned("hang")

    await bench.attempt()

    for account in accounts:
        assert await bench.facts(account) == ["started"]
    assert await bench.facts(hanging) == ["start_failed"]


async def calls_after(bench: Bench, fault: str) -> int:
    """Let every attempt end while a fault lasts, then the next ones begin without it; returns how many calls these take."""
    while await bench.open_attempts():
        await bench.work()
        await bench.calm_the_gate()
        bench.clock.pass_seconds(0.5)
    bench.sim.http.delete(f"/_sim/faults/{fault}")
    calls = bench.enable_calls()
    await bench.calm_the_gate()
    bench.clock.pass_seconds(61)
    await bench.work()
    return bench.enable_calls() - calls


async def test_an_outage_ends_with_one_call_for_all_it_kept_waiting(bench: Bench) -> None:
    fault = bench.sim.fault("instantly", "warmup.enable", "status", status=500)
    accounts = [await bench.provisioned(f"waits-{number}") for number in range(20)]

    calls = await calls_after(bench, fault)

    assert calls == 1
    for account in accounts:
        assert await bench.facts(account) == ["start_failed", "started"]


async def test_an_address_that_was_refused_alone_does_not_spoil_the_next_batch(bench: Bench) -> None:
    fine = [await bench.provisioned(f"fine-{number}") for number in range(3)]
    refused = await bench.provisioned("fail-warmup-9")
    fault = bench.sim.fault("instantly", "warmup.enable", "status", status=500, match="fine-*")

    calls = await calls_after(bench, fault)

    assert calls == 2
    for account in fine:
        assert (await bench.facts(account))[-1] == "started"
    assert (await bench.facts(refused))[-1] == "start_failed"


@pytest.mark.promise("I12")
@pytest.mark.parametrize(
    "point", ["after_intent", "before_call", "after_call", "before_commit", "after_commit"]
)
async def test_an_attempt_interrupted_at_any_point_resumes_and_takes_effect_once(
    bench: Bench, arm: Callable[[str], None], point: str
) -> None:
    account = await bench.provisioned("crash")
    arm(f"warmup.enable.{point}")

    with pytest.raises(FailPointRaised):
        await bench.work()
    await bench.attempt()
    await bench.confirm()

    assert await bench.facts(account) in (["started", "confirmed"], ["started"])
    assert await bench.outcomes(account) == [("done", None)]
    assert bench.enabled() == ["crash@myagentmail.com"]


async def test_a_worker_that_died_is_replaced_when_its_lease_ends(bench: Bench) -> None:
    account = await bench.provisioned("orphan")
    assert len(await bench.enable.claim(8)) == 1  # claimed, the intent committed, and never heard of again
    assert await bench.work() == 0

    await bench.pool.execute("update warmup set leased_until = now() - interval '1 second'")
    await bench.attempt()

    assert await bench.facts(account) == ["started"]


async def test_a_worker_that_lost_its_lease_changes_nothing(bench: Bench) -> None:
    account = await bench.provisioned("zombie")
    (zombie,) = await bench.enable.claim(8)
    await bench.pool.execute("update warmup set leased_until = now() - interval '1 second'")
    await bench.attempt()
    before = await bench.row(account)

    await bench.enable.run(zombie)

    assert await bench.row(account) == before
    assert await bench.facts(account) == ["started"]
