"""Commands interrupted at every moment of their one attempt: they converge, and are answered once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.observability.failpoints import FailPointRaised
from tests.integration.warmup.bench import Bench
from tests.support.eventually import eventually

POINTS = ("after_intent", "before_call", "after_call", "before_commit", "after_commit")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("command", ["pause", "disable", "resume"])
async def test_an_interrupted_command_resumes_and_is_answered_once(
    bench: Bench, arm: Callable[[str], None], command: str, point: str
) -> None:
    account = await bench.warming("crash")
    if command == "resume":
        await bench.done("pause", account)
    request = await bench.command(command, account)
    arm(f"warmup.command.{point}")

    with pytest.raises(FailPointRaised):
        await bench.obey()
    bench.clock.pass_seconds(2)
    await bench.obeyed()
    await bench.confirm()

    assert await bench.outcomes(request) == [("done", None)]
    fact = {"pause": "paused", "disable": "disabled", "resume": "resumed"}[command]
    assert (await bench.facts(account)).count(fact) == 1
    shown = 1 if command == "resume" else 0
    await eventually(lambda: bench.sim.account("crash@myagentmail.com")["warmup_status"] == shown)
    assert len(bench.enabled()) - len(bench.disabled()) == shown


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_pause_that_the_provider_made_and_nobody_recorded_is_found_made(
    bench: Bench, arm: Callable[[str], None], point: str
) -> None:
    account = await bench.warming("half")
    request = await bench.command("pause", account)
    await bench.obey()
    await eventually(lambda: bench.sim.account("half@myagentmail.com")["warmup_status"] == 0)
    bench.clock.pass_seconds(1)
    arm(f"warmup.command.{point}")

    with pytest.raises(FailPointRaised):
        await bench.obey()
    bench.clock.pass_seconds(2)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert bench.disable_calls() == 1
    assert (await bench.facts(account)).count("paused") == 1


async def test_a_crash_before_an_unconfirmed_start_has_settled_calls_again(
    bench: Bench, arm: Callable[[str], None]
) -> None:
    """A sender that stands still may have an enable before it: only an accepted pause proves that it was paused."""
    account = await bench.provisioned("young")
    await bench.work()
    assert (await bench.row(account))["is_confirmed"] is False
    request = await bench.command("pause", account)
    arm("warmup.command.before_call")

    with pytest.raises(FailPointRaised):
        await bench.obey()
    bench.clock.pass_seconds(2)
    await bench.obeyed()

    assert await bench.outcomes(request) == [("done", None)]
    assert bench.disable_calls() >= 1
    await eventually(lambda: bench.sim.account("young@myagentmail.com")["warmup_status"] == 0)
