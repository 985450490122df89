"""Warmups are held while their domain, their mailbox or somebody at the provider fails them, and go on by themselves."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.warmup.domain.policies import STANDARD
from shared.contracts.threads import MessageBounced, MessageComplained, MessageSent
from tests.integration.warmup.bench import LOST, Bench

DAY = 86_400


def provider_shows(bench: Bench, name: str, **verdict: object) -> None:
    """Let the provider show this of a sender; what is not said is as it really is."""
    answer = bench.sim.post("/_sim/warmup", {"email": f"{name}@myagentmail.com", **verdict})
    assert answer.status_code == 200, answer.text


async def judged(bench: Bench) -> list[str]:
    rows = await bench.pool.fetch("select judgement from warmup_day order by day")
    return [row["judgement"] for row in rows]


@pytest.mark.promise("I12", "R24")
async def test_a_domain_that_falls_back_holds_its_warmups_and_each_day_is_judged_on(bench: Bench) -> None:
    account = await bench.warming("ada")
    await bench.judge_days(2)

    await bench.domain_judged(2, is_verified=False)
    held = await bench.row(account)
    await bench.judge_days(2)
    await bench.domain_judged(3, is_verified=True)
    released = await bench.row(account)
    await bench.judge_days(1)

    assert [(row["decision"]["judgement"], row["day"]) for row in (held, released)] == [
        ("hold", 2), ("release", 4),
    ]  # fmt: skip
    assert held["decision"]["sentence"] == LOST
    assert (held["status"], held["hold"], held["held_from"], held["reason"]) == (
        "paused",
        "domain",
        "warming",
        LOST,
    )
    assert (await bench.facts(account))[2:] == [
        "day_recorded", "day_recorded", "paused", "day_recorded", "day_recorded", "resumed", "day_recorded",
    ]  # fmt: skip
    assert await judged(bench) == ["continue", "continue", "hold", "hold", "continue"]
    after = await bench.row(account)
    assert (after["status"], after["hold"], after["reason"]) == ("warming", None, None)
    assert (after["day"], after["qualified_days"]) == (5, 3)
    assert len(bench.enabled()) == 1, "a hold asks nothing of the provider"
    assert bench.disable_calls() == 0


async def test_a_graduated_account_is_held_too_and_may_send_again_by_itself(bench: Bench) -> None:
    account = await bench.warming("grace")
    await bench.judge_days(14)

    await bench.domain_judged(2, is_verified=False)
    await bench.domain_judged(3, is_verified=True)

    assert (await bench.facts(account))[-3:] == ["graduated", "paused", "resumed"]
    assert (await bench.row(account))["status"] == "graduated"


async def test_news_of_a_domain_count_once_in_their_order_and_for_warmups_that_come_later(
    bench: Bench,
) -> None:
    await bench.domain_judged(5, is_verified=False)
    await bench.domain_judged(4, is_verified=True)
    account = await bench.warming("late")

    await bench.hold()
    await bench.hold()

    assert (await bench.facts(account))[-2:] == ["confirmed", "paused"]


@pytest.mark.parametrize(("status", "is_held"), [(-1, True), (-2, True), (-3, True), (3, False)])
async def test_a_lost_mailbox_is_noticed_at_the_daily_look_and_so_is_its_return(
    bench: Bench, status: int, is_held: bool
) -> None:
    account = await bench.warming("linus")
    provider_shows(bench, "linus", status=status)

    await bench.judge_days(1)
    held = await bench.row(account)
    provider_shows(bench, "linus")
    await bench.judge_days(1)

    assert held["hold"] == ("connection" if is_held else None)
    assert await judged(bench) == (["hold", "release"] if is_held else ["continue"] * 2)
    assert (await bench.row(account))["status"] == "warming"


async def test_a_warmup_stopped_at_the_provider_is_held_until_it_runs_there_or_a_client_resumes_it(
    bench: Bench,
) -> None:
    account = await bench.warming("mary")
    await stop(bench, "mary")
    await bench.judge_days(1)
    assert (await bench.row(account))["hold"] == "provider"

    await bench.done("resume", account)

    row = await bench.row(account)
    assert (row["status"], row["hold"], row["is_confirmed"]) == ("warming", None, True)
    assert (await bench.facts(account))[-3:] == ["paused", "resumed", "confirmed"]


async def stop(bench: Bench, name: str) -> None:
    """Stop a sender's warmup at the provider as its own users do, and wait until it has stopped."""
    address = f"{name}@myagentmail.com"
    await bench.provider.disable([address])
    while bench.sim.account(address)["warmup_status"] != 0:
        bench.sim.http.get("/_sim/clock")


async def test_a_hold_and_a_clients_pause_do_not_undo_each_other(bench: Bench) -> None:
    held, paused = await bench.warming("held"), await bench.warming("paused")
    await bench.done("pause", paused)
    await bench.domain_judged(2, is_verified=False)

    resume, pause = await bench.command("resume", held), await bench.command("pause", held)
    early = await bench.command("resume", paused)
    await bench.obeyed()
    await bench.confirm()
    await bench.hold()

    for refusal in await bench.answers(resume, pause):
        assert (refusal["outcome"], refusal["code"]) == ("refused", "wrong_state")
        assert refusal["details"] == {"warmup_status": "paused", "hold": "domain", "reason": LOST}
    assert await bench.outcomes(early) == [("done", None)]
    assert (await bench.row(paused))["hold"] == "domain", "what a client resumed is held now"
    await bench.domain_judged(3, is_verified=True)
    assert {(await bench.row(each))["status"] for each in (held, paused)} == {"warming"}


async def test_a_client_may_end_a_held_warmup_and_the_provider_may_ban_it(bench: Bench) -> None:
    ended, banned = await bench.warming("ended"), await bench.warming("worse")
    await bench.domain_judged(2, is_verified=False)

    await bench.done("disable", ended)
    provider_shows(bench, "worse", warmup_status=-1)
    await bench.judge_days(1)
    await bench.domain_judged(3, is_verified=True)

    assert (await bench.facts(ended))[-2:] == ["paused", "disabled"]
    assert (await bench.facts(banned))[-3:] == ["paused", "day_recorded", "banned"]
    assert {(await bench.row(each))["hold"] for each in (ended, banned)} == {None}


async def test_an_accounts_own_mail_is_counted_by_message_and_judged_by_its_last_seven_days(
    bench: Bench,
) -> None:
    account = await bench.warming("sends")
    bench.follow_policy(STANDARD)
    await bench.judge_days(9)
    yesterday = bench.clock.now() - timedelta(hours=12)

    for number in range(40):
        bounces = (MessageBounced, MessageBounced) if number == 0 else ()
        await bench.mailed(account, yesterday, MessageSent, MessageSent, *bounces)
    await bench.mailed(account, yesterday - timedelta(days=9), MessageSent, MessageBounced)
    await bench.mailed(account, bench.clock.now() + timedelta(hours=25), MessageComplained)
    await bench.mailed(UUID(int=77), yesterday, MessageSent)
    await bench.judge_days(1)

    state = (await bench.told(account))[-1].data["warmup"]
    assert (state["bounce_rate"], state["complaint_rate"]) == (2.5, 0.0)
    goals = {each["name"]: each for each in state["decision"]["criteria"]}
    assert (goals["bounce_rate"]["below"], goals["bounce_rate"]["is_met"]) == (2.0, False)
    assert (state["decision"]["policy"], state["decision"]["policy_version"]) == ("standard", 2)
    kept = await bench.pool.fetchval("select count(*) from mail")
    assert kept == 41, "what is too old, or of an account without a warmup, is not kept"


@pytest.mark.promise("R24")
async def test_a_provider_that_is_away_for_days_leaves_everything_as_it_was(bench: Bench) -> None:
    account = await bench.warming("patient")
    await bench.judge_days(2)
    before = dict(await bench.row(account))
    fault = bench.sim.fault("instantly", "*", "status", status=503)
    for _ in range(30):
        bench.clock.pass_seconds(DAY / 10)
        await bench.judge_due()
    during = dict(await bench.row(account))

    bench.sim.http.delete(f"/_sim/faults/{fault}")
    await bench.calm_the_gate()

    for name in ("status", "version", "day", "observed_at", "total_sent", "reputation", "decision"):
        assert during[name] == before[name], name
