"""A sender that the provider stops for good ends its warmup, in whatever state the service finds that out."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.warmup.domain.attempts import SenderStatus
from tests.integration.warmup.bench import Bench
from tests.unit.warmup.told_provider import ToldProvider

VERDICTS = pytest.mark.parametrize(
    ("shown", "fact"), [(SenderStatus.BANNED, "banned"), (SenderStatus.SUSPENDED, "suspended")]
)


async def has_said_why(bench: Bench, account: UUID) -> bool:
    """Whether the last fact carries the decision that it follows from, by a policy."""
    state = [told.data["warmup"] for told in await bench.told(account) if "warmup" in told.data][-1]
    judgement = {"banned": "ban", "suspended": "suspend"}[state["status"]]
    decision = state["decision"]
    return bool(decision["judgement"] == judgement and decision["policy_version"] and decision["sentence"])


@VERDICTS
@pytest.mark.parametrize("state", ["not_started", "warming", "paused"])
async def test_a_look_during_a_clients_command(
    bench: Bench, state: str, shown: SenderStatus, fact: str
) -> None:
    account = await (bench.not_started("worse") if state == "not_started" else bench.warming("worse"))
    if state == "paused":
        await bench.done("pause", account)
    before = await bench.facts(account)
    provider = ToldProvider()
    bench.ask(provider)

    request = await bench.command("disable", account)
    await bench.obey()
    provider.status = shown
    await bench.obeyed()

    assert await bench.outcomes(request) == [("refused", "wrong_state")]
    assert await bench.facts(account) == [*before, fact]
    row = await bench.row(account)
    assert (row["status"], row["due_at"]) == (fact, None)
    assert await has_said_why(bench, account)


@VERDICTS
async def test_following_an_accepted_start(bench: Bench, shown: SenderStatus, fact: str) -> None:
    account = await bench.provisioned("young")
    provider = ToldProvider()
    bench.ask(provider)
    await bench.work()
    provider.status = shown

    bench.clock.pass_seconds(1)
    await bench.look()

    assert await bench.facts(account) == ["started", fact]
    assert (await bench.row(account))["due_at"] is None
    assert await has_said_why(bench, account)


@VERDICTS
async def test_the_daily_look_at_a_held_warmup(bench: Bench, shown: SenderStatus, fact: str) -> None:
    account = await bench.warming("held")
    await bench.domain_judged(2, is_verified=False)
    provider = ToldProvider()
    bench.ask(provider)
    provider.status = shown

    await bench.judge_days(1)

    assert (await bench.facts(account))[-3:] == ["paused", "day_recorded", fact]
    row = await bench.row(account)
    assert (row["hold"], row["due_at"]) == (None, None)
    assert await has_said_why(bench, account)
