"""What a judged day comes to under each policy, and the words and figures that say why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.commanded import resumed
from services.warmup.domain.days import Observation, decide_day
from services.warmup.domain.decisions import Judgement, shut_out
from services.warmup.domain.figures import Figures, observed
from services.warmup.domain.health import Mail, health_of, label_of
from services.warmup.domain.policies import POLICIES, PUFFLE, STANDARD, Policy
from services.warmup.domain.schedule import Today
from services.warmup.domain.warmup import Warmup
from shared.contracts.warmups import WarmupDay, WarmupStatus
from tests.unit.warmup.test_decisions import warmup
from tests.unit.warmup.told_provider import NUMBERS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = Today(59, NOW.date(), 86_400.0, NOW)
WARMING = warmup(WarmupStatus.WARMING)


def seen(
    reputation: float | None = 95.0,
    sent: int = 500,
    *,
    status: SenderStatus = SenderStatus.WARMING,
    inbox: int = 10,
) -> Observation:
    """What the provider tells: its totals, and a week of ten mails a day of which so many reached an inbox."""
    days = tuple(
        WarmupDay(date=NOW.date() - timedelta(days=back), sent=10, received=10, inbox=inbox)
        for back in range(7, 0, -1)
    )
    return Observation(
        Sender(status, reputation, NUMBERS[status]), Figures(sent=sent, received=sent, days=days)
    )


@pytest.mark.contract("S1-30", "S1-31")
@pytest.mark.parametrize(
    ("status", "reputation", "total_sent", "judgement"),
    [
        (SenderStatus.WARMING, 90.0, 200, Judgement.GRADUATE),
        (SenderStatus.WARMING, 89.9, 5000, Judgement.CONTINUE),
        (SenderStatus.WARMING, 100.0, 199, Judgement.CONTINUE),
        (SenderStatus.WARMING, None, 500, Judgement.CONTINUE),
        (SenderStatus.PAUSED, 95.0, 500, Judgement.HOLD),
        (SenderStatus.BANNED, 95.0, 500, Judgement.BAN),
        (SenderStatus.SUSPENDED, 95.0, 500, Judgement.SUSPEND),
    ],
)
def test_the_documented_rule_goes_by_totals(
    status: SenderStatus, reputation: float | None, total_sent: int, judgement: Judgement
) -> None:
    after, decided = decide_day(WARMING, seen(reputation, total_sent, status=status), PUFFLE, TODAY)

    assert decided is judgement
    assert after.decision is not None
    assert after.decision.judgement == judgement.value
    assert after.decision.sentence.endswith(".")


@pytest.mark.parametrize(("number", "word"), [(-1, "banned"), (-2, "nowhere"), (-3, "suspended")])
def test_a_sender_that_is_shut_out_is_said_to_be_what_the_provider_means(number: int, word: str) -> None:
    status = SenderStatus.SUSPENDED if number == -3 else SenderStatus.BANNED
    shown = Sender(status, 95.0, number)

    after, _ = decide_day(WARMING, replace(seen(), sender=shown), PUFFLE, TODAY)
    between, _ = shut_out(observed(WARMING, shown, None, NOW), WarmupStatus(status), PUFFLE, NOW)

    for each in (after.decision, between.decision):
        assert each is not None
        assert word in each.sentence


def test_a_score_that_is_not_told_any_more_is_none_to_graduate_with() -> None:
    before = replace(WARMING, reputation=95.0, total_sent=150)

    after, decided = decide_day(before, seen(None, 210), PUFFLE, TODAY)

    assert decided is Judgement.CONTINUE
    assert after.decision is not None
    assert after.decision.sentence == "It does not meet every goal yet: reputation unknown (at least 90)."
    assert after.reputation == 95.0, "what was told stays"


def test_what_is_just_short_of_a_goal_is_not_said_to_be_it() -> None:
    after, decided = decide_day(WARMING, seen(89.9999996, 1_234_567), PUFFLE, TODAY)

    assert decided is Judgement.CONTINUE
    assert after.decision is not None
    assert "reputation 89.9999996 (at least 90)" in after.decision.sentence


def test_a_sender_that_the_provider_does_not_know_goes_on() -> None:
    _, decided = decide_day(WARMING, Observation(None, None), PUFFLE, TODAY)

    assert decided is Judgement.CONTINUE


def test_a_decision_carries_its_policy_its_inputs_and_a_sentence() -> None:
    after, _ = decide_day(replace(WARMING, day=6), seen(87.0, 120), PUFFLE, TODAY)

    decision = after.decision
    assert decision is not None
    assert (decision.policy, decision.policy_version, decision.day, decision.at) == ("puffle", 1, 7, NOW)
    assert [(each.name, each.value, each.at_least, each.is_met) for each in decision.criteria] == [
        ("reputation", 87.0, 90.0, False), ("total_sent", 120.0, 200.0, False),
    ]  # fmt: skip
    assert decision.sentence == (
        "It does not meet every goal yet: reputation 87 (at least 90), messages sent 120 (at least 200)."
    )


def graduated_after(days: int, *, inbox: int = 10) -> tuple[Warmup, Judgement]:
    """Judge so many days under the standard policy, ever more mail sent with the best score."""
    after, judgement = WARMING, Judgement.CONTINUE
    for day in range(1, days + 1):
        today = Today(59 + day, NOW.date(), 86_400.0, NOW + timedelta(days=day))
        whole = replace(seen(95.0, 100 * day, inbox=inbox), judged_before=58 + day)
        after, judgement = decide_day(after, whole, STANDARD, today)
    return after, judgement


def test_the_standard_policy_wants_two_weeks_of_warming() -> None:
    assert graduated_after(13)[1] is Judgement.CONTINUE
    assert graduated_after(14)[1] is Judgement.GRADUATE


def test_the_standard_policy_wants_mail_that_reaches_inboxes() -> None:
    after, judgement = graduated_after(20, inbox=8)

    assert judgement is Judgement.CONTINUE
    assert (after.recent_health, after.recent_health_label, after.healthy_days) == (80.0, "fair", 0)


def test_healthy_days_count_only_in_a_row() -> None:
    after, _ = graduated_after(5)
    assert after.healthy_days == 5

    after, _ = decide_day(after, seen(inbox=2), STANDARD, TODAY)
    assert after.healthy_days == 0


def test_healthy_days_are_not_in_a_row_across_days_that_nobody_judged() -> None:
    before = replace(WARMING, healthy_days=2)

    next_day, _ = decide_day(before, replace(seen(), judged_before=58), STANDARD, TODAY)
    later, _ = decide_day(before, replace(seen(), judged_before=50), STANDARD, TODAY)

    assert (next_day.healthy_days, later.healthy_days) == (3, 1)


@pytest.mark.parametrize("figures", [None, Figures(sent=600)])
def test_a_day_of_which_nothing_was_told_is_no_healthy_one(figures: Figures | None) -> None:
    before, _ = decide_day(replace(WARMING, healthy_days=2), seen(), STANDARD, TODAY)
    assert before.recent_health == 100.0

    told = Observation(Sender(SenderStatus.WARMING, 95.0, 1), figures, judged_before=59)
    after, judgement = decide_day(before, told, STANDARD, replace(TODAY, number=60))

    assert (after.recent_health, after.healthy_days) == (100.0, 0)
    assert judgement is Judgement.CONTINUE


@pytest.mark.parametrize("status", [SenderStatus.PAUSED, SenderStatus.WARMING])
def test_a_day_without_new_mail_or_without_warming_does_not_qualify(status: SenderStatus) -> None:
    before = replace(WARMING, total_sent=500 if status is SenderStatus.WARMING else 0)

    after, _ = decide_day(before, seen(status=status), STANDARD, TODAY)

    assert after.qualified_days == 0


GRADUATED = replace(WARMING, status=WarmupStatus.GRADUATED)


@pytest.mark.parametrize(
    ("reputation", "inbox", "judgement"),
    [
        (80.0, 8, Judgement.CONTINUE),
        (79.0, 10, Judgement.FALL_BACK),
        (95.0, 7, Judgement.FALL_BACK),
        (None, 10, Judgement.CONTINUE),
    ],
)
def test_a_graduated_account_falls_back_when_it_loses_what_it_must_keep(
    reputation: float | None, inbox: int, judgement: Judgement
) -> None:
    after, decided = decide_day(GRADUATED, seen(reputation, inbox=inbox), STANDARD, TODAY)

    assert decided is judgement
    assert after.decision is not None
    assert [each.name for each in after.decision.criteria] == [
        "reputation", "recent_health", "bounce_rate", "complaint_rate",
    ]  # fmt: skip


@pytest.mark.parametrize("policy", [PUFFLE, STANDARD])
@pytest.mark.parametrize(
    ("status", "judgement"),
    [
        (SenderStatus.BANNED, Judgement.BAN),
        (SenderStatus.SUSPENDED, Judgement.SUSPEND),
        (SenderStatus.PAUSED, Judgement.CONTINUE),
    ],
)
def test_the_providers_verdict_holds_after_graduation_too(
    policy: Policy, status: SenderStatus, judgement: Judgement
) -> None:
    _, decided = decide_day(GRADUATED, seen(status=status), policy, TODAY)

    assert decided is judgement


@pytest.mark.parametrize("sender", [Sender(SenderStatus.PAUSED, 95.0, 0), None])
def test_a_graduated_account_falls_back_for_its_own_mail_whatever_the_provider_shows(
    sender: Sender | None,
) -> None:
    bad, good = Mail(sent=100, bounced=30), Mail(sent=100)

    _, lost = decide_day(GRADUATED, replace(seen(), sender=sender, mail=bad), STANDARD, TODAY)
    _, kept = decide_day(GRADUATED, replace(seen(), sender=sender, mail=good), STANDARD, TODAY)

    assert (lost, kept) == (Judgement.FALL_BACK, Judgement.CONTINUE)


def test_the_documented_rule_takes_no_graduated_account_back_for_its_score() -> None:
    _, decided = decide_day(GRADUATED, seen(10.0, inbox=0), PUFFLE, TODAY)

    assert decided is Judgement.CONTINUE


def test_the_expected_day_goes_on_as_the_last_one_went() -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    tomorrow = Today(60, NOW.date(), 86_400.0, NOW + timedelta(days=1))
    second, _ = decide_day(first, seen(82.0, 150), PUFFLE, tomorrow)

    assert first.decision is not None
    assert first.decision.expected_at is None  # nothing to compare with yet
    assert second.decision is not None
    assert second.decision.expected_at == NOW + timedelta(days=5)  # 8 points at 2 a day


def test_the_expected_day_goes_by_all_the_days_since_the_last_judged_one() -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    five_later = Today(64, NOW.date(), 86_400.0, NOW + timedelta(days=5))

    second, _ = decide_day(first, replace(seen(85.0, 150), judged_before=59), PUFFLE, five_later)

    assert second.decision is not None
    assert second.decision.expected_at == five_later.now + timedelta(days=5)  # 5 points at 1 a day


@pytest.mark.parametrize("status", [SenderStatus.BANNED, SenderStatus.SUSPENDED, SenderStatus.PAUSED])
def test_no_day_is_expected_of_a_warmup_that_does_not_go_on(status: SenderStatus) -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    second, _ = decide_day(first, seen(82.0, 150, status=status), PUFFLE, replace(TODAY, number=60))

    assert second.decision is not None
    assert second.decision.expected_at is None


def test_no_day_is_expected_of_a_measure_that_stands_still() -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    second, _ = decide_day(first, seen(80.0, 150), PUFFLE, TODAY)

    assert second.decision is not None
    assert second.decision.expected_at is None


def test_no_day_is_expected_that_is_further_off_than_anybody_waits() -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    for score in (80.0001, 80.0 + 1e-12):
        second, _ = decide_day(first, seen(score, 150), PUFFLE, TODAY)

        assert second.decision is not None
        assert second.decision.expected_at is None


def test_what_was_expected_before_a_pause_is_not_expected_after_it() -> None:
    first, _ = decide_day(WARMING, seen(80.0, 100), PUFFLE, TODAY)
    second, _ = decide_day(first, seen(82.0, 150), PUFFLE, replace(TODAY, number=60))

    after = resumed(second, NOW, is_confirmed=True, job_id=None, due_at=NOW)

    assert second.decision is not None
    assert second.decision.expected_at is not None
    assert after.decision == second.decision.model_copy(update={"expected_at": None})


@pytest.mark.parametrize(("inbox", "health"), [(224, 89.9), (225, 90.3)])
def test_a_health_just_short_of_a_bound_does_not_reach_it_by_rounding(inbox: int, health: float) -> None:
    yesterday = WarmupDay(date=date(2026, 3, 9), sent=249, received=0, inbox=inbox)

    assert health_of([yesterday], date(2026, 3, 10)) == health


def test_health_is_of_the_providers_days_where_its_dates_are_ahead() -> None:
    days = [WarmupDay(date=date(2026, 3, day), sent=5, received=5, inbox=5) for day in range(13, 20)]
    unfinished = WarmupDay(date=date(2026, 3, 20), sent=100, received=0, inbox=0)

    assert health_of([*days, unfinished], date(2026, 3, 10)) == 100.0


def test_health_is_of_the_last_seven_full_days() -> None:
    today = date(2026, 3, 10)
    good = [WarmupDay(date=date(2026, 3, day), sent=5, received=5, inbox=5) for day in range(3, 10)]
    too_old = WarmupDay(date=date(2026, 3, 2), sent=100, received=0, inbox=0)
    unfinished = WarmupDay(date=today, sent=100, received=0, inbox=0)

    assert health_of([too_old, *good, unfinished], today) == 100.0
    assert health_of(good[:3], today) is None  # 15 messages say nothing


@pytest.mark.parametrize(
    ("health", "label"), [(None, None), (95.0, "excellent"), (94.9, "good"), (80.0, "fair"), (79.9, "poor")]
)
def test_a_health_has_a_word(health: float | None, label: str | None) -> None:
    assert label_of(health) == label


def test_every_policy_is_found_by_its_name() -> None:
    assert {name: policy.version for name, policy in POLICIES.items()} == {"puffle": 1, "standard": 2}
