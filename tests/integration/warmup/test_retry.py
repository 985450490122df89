"""Retrying a warmup that failed to start: the gate, one attempt at a time, and exactly one answer each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from services.warmup.providers import instantly
from shared.contracts.warmups import WarmupState, WarmupStatus
from shared.observability.failpoints import FailPointRaised
from tests.integration.warmup.bench import CALLER, Bench
from tests.support.eventually import eventually

pytestmark = pytest.mark.contract("S1-8")
PUBLIC = (
    "status",
    "version",
    "updated_at",
    "next_attempt_at",
    "failure_code",
    "failure_message",
    "is_confirmed",
)


@pytest.mark.contract("S1-12", "S1-15", "S1-18", "S1-19", "S1-22")
async def test_a_retry_that_the_provider_accepts_is_done_and_moves_the_warmup(bench: Bench) -> None:
    account = await bench.not_started("ada")

    request = await bench.ask_retry(account)
    await bench.work()

    answer = (await bench.answers(request))[0]
    assert (answer["outcome"], answer["needs"]) == ("done", {"account": 6, "warmup": 2})
    assert await bench.facts(account) == ["start_failed", "started"]
    started = (await bench.told(account))[-2]
    assert started.request_id == request
    state = WarmupState.model_validate(started.data["warmup"])
    assert state.updated_at == started.time > state.created_at


@pytest.mark.contract("S1-9", "S1-10", "S1-11", "S1-14")
@pytest.mark.parametrize(
    "status", [status for status in WarmupStatus if status is not WarmupStatus.NOT_STARTED]
)
async def test_any_other_state_is_refused_without_a_call(bench: Bench, status: WarmupStatus) -> None:
    account = await bench.warming("grace")
    await bench.pool.execute("update warmup set status = $1", status.value)
    calls = bench.enable_calls()

    request = await bench.ask_retry(account)
    await bench.work()

    answer = (await bench.answers(request))[0]
    assert (answer["outcome"], answer["code"]) == ("refused", "wrong_state")
    assert answer["details"] == {"warmup_status": status.value}
    assert bench.enable_calls() == calls


@pytest.mark.contract("S1-6")
async def test_another_tenants_account_and_an_unknown_one_are_refused_alike(bench: Bench) -> None:
    account = await bench.not_started("secret")
    stranger = CALLER.model_copy(update={"tenant_id": UUID(int=77)})
    neighbour = CALLER.model_copy(update={"workspace_id": UUID(int=78)})

    requests = [
        await bench.ask_retry(account, caller=stranger),
        await bench.ask_retry(account, caller=neighbour),
        await bench.ask_retry(UUID(int=99)),
    ]

    answers = await bench.answers(*requests)
    assert {answer["code"] for answer in answers} == {"wrong_state"}
    assert {answer["details"]["warmup_status"] for answer in answers} == {None}


@pytest.mark.contract("S1-16", "S1-17")
@pytest.mark.promise("I12")
async def test_of_thirty_concurrent_retries_one_is_done_and_the_rest_are_refused(bench: Bench) -> None:
    account = await bench.not_started("crowd")
    calls = bench.enable_calls()

    async def workers() -> None:
        for _ in range(10):
            await bench.work()

    requests, *_ = await asyncio.gather(
        asyncio.gather(*(bench.ask_retry(account) for _ in range(30))), workers(), workers()
    )
    await bench.attempt()

    outcomes = await bench.outcomes(*requests)
    assert outcomes.count(("done", None)) == 1
    assert outcomes.count(("refused", "wrong_state")) == 29
    assert await bench.facts(account) == ["start_failed", "started"]
    assert bench.enable_calls() - calls == 1


async def test_the_first_of_those_who_wait_is_the_one_that_is_done(bench: Bench) -> None:
    account = await bench.not_started("queue")
    requests = [await bench.ask_retry(account) for _ in range(3)]

    await bench.work()

    assert [outcome for outcome, _ in await bench.outcomes(*requests)] == ["done", "refused", "refused"]


@pytest.mark.contract("S1-24", "S1-25", "S1-29")
async def test_a_refusal_fails_all_who_wait_and_leaves_the_warmup_as_it_was(bench: Bench) -> None:
    account = await bench.not_started("fail-warmup")
    before = await bench.row(account)
    bench.clock.pass_seconds(5)

    requests = [await bench.ask_retry(account) for _ in range(3)]
    await bench.work()

    assert await bench.outcomes(*requests) == [("failed", "provider_refused")] * 3
    after = await bench.row(account)
    assert [after[name] for name in PUBLIC] == [before[name] for name in PUBLIC]
    assert await bench.facts(account) == ["start_failed"]
    assert after["due_at"] == before["next_attempt_at"]  # its own next try stands

    again = await bench.ask_retry(account)
    await bench.work()
    assert await bench.outcomes(again) == [("failed", "provider_refused")]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "retry_after": 3},
        {"kind": "drop"},
        {"kind": "timeout"},
    ],
)
@pytest.mark.contract("S1-24")
async def test_a_provider_that_does_not_answer_fails_the_retry_after_one_attempt(
    bench: Bench, fault: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await bench.not_started("away")
    monkeypatch.setattr(instantly, "SWITCH_SECONDS", 0.3)
    bench.sim.fault("instantly", "warmup.enable", **fault)  # type: ignore[arg-type]
    calls = bench.enable_calls()

    request = await bench.ask_retry(account)
    await bench.work()

    assert await bench.outcomes(request) == [("failed", "provider_unavailable")]
    assert bench.enable_calls() - calls == 1
    bench.clock.pass_seconds(10)
    assert await bench.work() == 0  # nothing keeps running


@pytest.mark.contract("S1-13", "S1-28")
async def test_a_retry_finds_that_the_provider_warms_already(bench: Bench) -> None:
    account = await bench.not_started("already")
    bench.sim.enable("already@myagentmail.com")
    await eventually(lambda: bench.enabled() == ["already@myagentmail.com"])  # its job lock is gone by then

    request = await bench.ask_retry(account)
    await bench.attempt()

    assert await bench.outcomes(request) == [("done", None)]
    assert bench.enabled() == ["already@myagentmail.com"]


@pytest.mark.contract("S1-26", "S1-27", "S1-28")
async def test_an_accepted_enable_that_cannot_be_recorded_says_so_and_the_next_retry_succeeds(
    bench: Bench, arm: Callable[[str], None]
) -> None:
    account = await bench.not_started("half")
    before = await bench.row(account)
    requests = [await bench.ask_retry(account) for _ in range(2)]
    arm("warmup.retry.before_commit")

    with pytest.raises(FailPointRaised):
        await bench.work()

    answers = await bench.answers(*requests)
    assert {answer["code"] for answer in answers} == {"enabled_not_recorded"}
    assert {answer["outcome"] for answer in answers} == {"failed"}
    assert {answer["message"] for answer in answers} == {
        "Warmup was enabled but failed to update account status"
    }
    assert [(await bench.row(account))[name] for name in PUBLIC] == [before[name] for name in PUBLIC]

    at_once = await bench.ask_retry(account)
    await bench.attempt()
    await bench.confirm()
    assert await bench.outcomes(at_once) == [("done", None)]
    assert bench.enabled() == ["half@myagentmail.com"]


@pytest.mark.contract("S1-26", "S1-28")
async def test_after_it_could_not_be_recorded_the_services_own_try_finds_it_warming(
    bench: Bench, arm: Callable[[str], None]
) -> None:
    account = await bench.not_started("half")
    request = await bench.ask_retry(account)
    arm("warmup.retry.before_commit")
    with pytest.raises(FailPointRaised):
        await bench.work()
    calls = bench.enable_calls()
    await eventually(lambda: bench.sim.account("half@myagentmail.com")["warmup_status"] == 1)

    bench.clock.pass_seconds(61)
    await bench.work()

    assert await bench.facts(account) == ["start_failed", "started"]
    assert (await bench.row(account))["is_confirmed"]
    assert bench.enable_calls() == calls
    assert await bench.outcomes(request) == [("failed", "enabled_not_recorded")]


@pytest.mark.parametrize("point", ["after_intent", "before_call", "after_call", "after_commit"])
async def test_a_retry_interrupted_elsewhere_resumes_and_is_answered_once(
    bench: Bench, arm: Callable[[str], None], point: str
) -> None:
    account = await bench.not_started("crash")
    request = await bench.ask_retry(account)
    arm(f"warmup.retry.{point}")

    with pytest.raises(FailPointRaised):
        await bench.work()
    await bench.attempt()
    await bench.confirm()

    assert await bench.outcomes(request) == [("done", None)]
    assert bench.enabled() == ["crash@myagentmail.com"]


async def test_a_retry_joins_the_services_own_attempt(bench: Bench) -> None:
    account = await bench.not_started("joined")
    bench.clock.pass_seconds(61)
    (batch,) = await bench.enable.claim(8)

    requests = [await bench.ask_retry(account) for _ in range(2)]
    assert await bench.work() == 0
    await bench.enable.run(batch)

    assert [outcome for outcome, _ in await bench.outcomes(*requests)] == ["done", "refused"]
    assert bench.enable_calls() == 2


async def test_a_repeated_request_gets_the_same_answer_and_no_second_attempt(bench: Bench) -> None:
    account = await bench.not_started("twice")
    request = await bench.ask_retry(account)
    await bench.work()
    calls = bench.enable_calls()

    await bench.ask_retry(account, request_id=request)
    assert await bench.work() == 0

    answers = [told for told in await bench.told() if told.data.get("request_id") == str(request)]
    assert [answer.data["outcome"] for answer in answers] == ["done", "done"]
    assert bench.enable_calls() == calls
