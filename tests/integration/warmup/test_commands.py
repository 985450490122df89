"""Pausing, resuming and disabling a warmup: the gate, one attempt at a time, and exactly one answer each."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.warmup.domain.attempts import JobStatus, SenderStatus
from services.warmup.domain.commands import ALLOWED, Command
from services.warmup.providers import instantly
from shared.contracts.warmups import WarmupStatus
from tests.integration.warmup.bench import CALLER, Bench
from tests.support.eventually import eventually
from tests.unit.warmup.told_provider import ToldProvider

DAY = 86_400


@pytest.mark.contract("S0-54", "S0-55", "A15")
async def test_a_paused_warmup_goes_on_where_it_stopped(bench: Bench) -> None:
    account = await bench.warming("ada")
    await bench.judge_days(3)

    request = await bench.command("pause", account, reason="Holidays.")
    await bench.obeyed()
    assert await bench.outcomes(request) == [("done", None)]
    paused = (await bench.told(account))[-2].data["warmup"]
    assert (paused["status"], paused["reason"], paused["day"]) == ("paused", "Holidays.", 3)
    await bench.judge_days(4)
    assert bench.sim.account("ada@myagentmail.com")["warmup_status"] == 0

    await bench.done("resume", account)
    await bench.judge_days()

    assert (await bench.facts(account))[-4:] == ["paused", "resumed", "confirmed", "day_recorded"]
    row = await bench.row(account)
    assert (row["status"], row["day"], row["reason"]) == ("warming", 4, None)
    assert row["total_sent"] == 2 + 4 + 6 + 8  # four days warmed at the provider, the pause left out


@pytest.mark.parametrize("state", ["not_started", "warming", "paused"])
@pytest.mark.contract("S0-54", "S0-55", "A15")
async def test_a_disabled_warmup_is_over_and_the_provider_has_stopped_it(bench: Bench, state: str) -> None:
    account = await (bench.not_started("grace") if state == "not_started" else bench.warming("grace"))
    if state == "paused":
        await bench.done("pause", account)

    request = await bench.command("disable", account, reason="It sends elsewhere.")
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert (await bench.facts(account))[-1] == "disabled"
    row = await bench.row(account)
    assert (row["status"], row["reason"], row["due_at"]) == ("disabled", "It sends elsewhere.", None)
    assert bench.sim.account("grace@myagentmail.com")["warmup_status"] == 0
    bench.clock.pass_seconds(3 * DAY)
    assert await bench.work() == 0


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (command, status)
        for command, allowed in ALLOWED.items()
        for status in WarmupStatus
        if status not in allowed
    ],
)
async def test_a_command_in_any_other_state_is_refused_without_a_call(
    bench: Bench, command: Command, status: WarmupStatus
) -> None:
    account = await bench.warming("grace")
    await bench.pool.execute("update warmup set status = $1", status.value)

    request = await bench.command(command.value, account)
    assert await bench.obey() == 0

    answer = (await bench.answers(request))[0]
    assert (answer["outcome"], answer["code"]) == ("refused", "wrong_state")
    assert answer["details"] == {"warmup_status": status.value}
    assert bench.disable_calls() == 0


async def test_a_foreign_account_and_an_unknown_one_are_refused_alike(bench: Bench) -> None:
    account = await bench.warming("secret")
    stranger = CALLER.model_copy(update={"tenant_id": UUID(int=77)})
    neighbour = CALLER.model_copy(update={"workspace_id": UUID(int=78)})

    answers = await bench.answers(
        await bench.command("pause", account, caller=stranger),
        await bench.command("disable", account, caller=neighbour),
        await bench.command("resume", UUID(int=99)),
    )

    assert {answer["code"] for answer in answers} == {"wrong_state"}
    assert {answer["details"]["warmup_status"] for answer in answers} == {None}


async def test_the_same_command_joins_the_attempt_under_way_and_another_is_refused(bench: Bench) -> None:
    account = await bench.warming("crowd")

    same = [await bench.command("pause", account, reason=f"{number}") for number in range(3)]
    other = await bench.command("disable", account)
    await bench.obeyed()

    assert await bench.outcomes(*same) == [("done", None)] * 3
    assert await bench.outcomes(other) == [("refused", "wrong_state")]
    assert bench.disable_calls() == 1
    assert (await bench.row(account))["reason"] == "0"
    assert (await bench.facts(account)).count("paused") == 1


async def test_a_command_waits_for_the_attempt_to_enable_that_is_under_way(bench: Bench) -> None:
    account = await bench.not_started("serial")
    bench.clock.pass_seconds(61)
    (batch,) = await bench.enable.claim(8)

    request = await bench.command("disable", account)
    assert await bench.obey() == 0
    await bench.enable.run(batch)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert (await bench.facts(account))[-2:] == ["started", "disabled"]
    await eventually(lambda: bench.sim.account("serial@myagentmail.com")["warmup_status"] == 0)


async def test_no_attempt_to_enable_begins_while_a_command_is_under_way(bench: Bench) -> None:
    account = await bench.not_started("still")
    command = await bench.command("disable", account)
    bench.clock.pass_seconds(61)

    retry = await bench.ask_retry(account)
    assert await bench.work() == 0
    await bench.obeyed()

    assert await bench.outcomes(command, retry) == [("done", None), ("refused", "wrong_state")]


@pytest.mark.parametrize("command", ["pause", "disable", "resume"])
async def test_a_refusal_fails_all_who_wait_and_leaves_the_warmup_as_it_was(
    bench: Bench, command: str
) -> None:
    account = await bench.warming("refused")
    if command == "resume":
        await bench.done("pause", account)
    before = await bench.row(account)
    switch = "enable" if command == "resume" else "disable"
    bench.sim.fault("instantly", f"warmup.{switch}", "status", status=400)

    requests = [await bench.command(command, account) for _ in range(2)]
    await bench.obeyed()

    assert await bench.outcomes(*requests) == [("failed", "provider_refused")] * 2
    assert dict(await bench.row(account)) == dict(before)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "retry_after": 3},
        {"kind": "drop"},
        {"kind": "timeout"},
    ],
)
async def test_a_silent_provider_fails_the_command_and_nothing_keeps_running(
    bench: Bench, fault: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await bench.warming("away")
    monkeypatch.setattr(instantly, "SWITCH_SECONDS", 0.3)
    before = await bench.row(account)
    bench.sim.fault("instantly", "warmup.disable", **fault)  # type: ignore[arg-type]

    request = await bench.command("pause", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("failed", "provider_unavailable")]
    assert bench.disable_calls() == 1
    assert dict(await bench.row(account)) == dict(before)
    bench.clock.pass_seconds(60)
    assert await bench.obey() == 0


async def test_an_answer_that_was_lost_is_looked_up(bench: Bench) -> None:
    account = await bench.warming("cut")
    bench.sim.fault("instantly", "warmup.disable", "drop", when="after", times=1)

    request = await bench.command("pause", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert bench.disable_calls() == 1


async def test_a_lock_is_waited_for_once_within_the_window(bench: Bench) -> None:
    account = await bench.warming("locked")
    bench.sim.fault("instantly", "warmup.disable", "status", status=409, times=2)

    await bench.done("pause", account)

    assert bench.disable_calls() == 3


async def test_a_lock_that_stays_fails_the_command(bench: Bench) -> None:
    account = await bench.warming("locked")
    bench.sim.fault("instantly", "warmup.disable", "status", status=409)

    request = await bench.command("disable", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("failed", "provider_unavailable")]
    assert (await bench.row(account))["status"] == "warming"


async def test_an_accepted_change_that_the_provider_does_not_make_fails(bench: Bench) -> None:
    account = await bench.warming("liar")
    bench.sim.knobs(job_outcome="failed")

    request = await bench.command("pause", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("failed", "provider_refused")]
    assert (await bench.row(account))["status"] == "warming"


async def test_an_accepted_change_whose_job_ends_with_the_window_is_believed(bench: Bench) -> None:
    account = await bench.warming("brink")
    provider = ToldProvider()
    bench.ask(provider)
    request = await bench.command("pause", account)
    await bench.obey()
    provider.status, provider.job_status = SenderStatus.WARMING, JobStatus.RUNNING

    bench.clock.pass_seconds(23)
    await bench.obey()
    provider.job_status = JobStatus.SUCCEEDED
    bench.clock.pass_seconds(1.5)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]


@pytest.mark.parametrize("said_of_unknown", ["skip", "404"])
async def test_a_sender_that_is_gone_can_be_disabled_but_not_paused(
    bench: Bench, said_of_unknown: str
) -> None:
    account = await bench.warming("vanished")
    bench.sim.knobs(unknown_warmup_email=said_of_unknown)
    bench.sim.http.delete("/instantly/api/v2/accounts/vanished@myagentmail.com")

    paused = await bench.command("pause", account)
    await bench.obeyed()
    disabled = await bench.command("disable", account)
    await bench.obeyed()

    assert await bench.outcomes(paused, disabled) == [("failed", "provider_refused"), ("done", None)]


async def test_a_ban_that_a_command_finds_is_told_and_refuses_the_command(bench: Bench) -> None:
    account = await bench.warming("banned-ada")
    bench.sim.advance(2)

    request = await bench.command("pause", account)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("refused", "wrong_state")]
    assert (await bench.facts(account))[-1] == "banned"


async def test_requests_that_wait_are_refused_when_the_account_goes_and_a_late_worker_changes_nothing(
    bench: Bench,
) -> None:
    account = await bench.warming("gone")
    requests = [await bench.command("disable", account) for _ in range(2)]
    (due,) = await bench.commands.claim(8)

    await bench.going(account)
    await bench.commands.run(due)

    assert await bench.outcomes(*requests) == [("refused", "wrong_state")] * 2
    assert (await bench.facts(account))[-1] == "ended"
    assert await bench.obey() == 0


async def test_a_command_that_comes_too_late_is_refused_when_its_turn_comes(bench: Bench) -> None:
    account = await bench.warming("late")
    request = await bench.command("pause", account)
    await bench.pool.execute("update warmup set status = 'banned', version = version + 1")

    await bench.obeyed()

    assert await bench.outcomes(request) == [("refused", "wrong_state")]
    assert bench.disable_calls() == 0


async def test_a_repeated_request_gets_the_same_answer_and_no_second_attempt(bench: Bench) -> None:
    account = await bench.warming("twice")
    request = await bench.command("pause", account)
    await bench.obeyed()

    await bench.command("pause", account, request_id=request)

    assert await bench.obey() == 0
    answers = [told for told in await bench.told() if told.data.get("request_id") == str(request)]
    assert [answer.data["outcome"] for answer in answers] == ["done", "done"]
