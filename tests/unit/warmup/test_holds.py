"""What holds a warmup, what a held day comes to, and how an account's own mail counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.commands import Command, is_allowed
from services.warmup.domain.days import Observation, decide_day
from services.warmup.domain.decisions import Judgement
from services.warmup.domain.health import Mail
from services.warmup.domain.holds import domain_trouble, trouble_of
from services.warmup.domain.policies import PUFFLE, STANDARD
from services.warmup.domain.warmup import Warmup, held, over, released
from shared.contracts.warmups import WarmupHold, WarmupStatus
from tests.unit.warmup.test_days import GRADUATED, TODAY, WARMING, graduated_after, seen

GONE = domain_trouble("The domain lost records that it needs: MX d.example is missing.")


def shown(status: SenderStatus = SenderStatus.WARMING, *, is_connected: bool = True) -> Sender:
    return Sender(status, 95.0, 1, is_connected)


@pytest.mark.parametrize("warmup", [WARMING, GRADUATED])
def test_a_lost_domain_and_a_lost_mailbox_hold_what_warms_and_what_has_warmed(warmup: Warmup) -> None:
    for sender, domain, hold in (
        (shown(), GONE, WarmupHold.DOMAIN),
        (shown(is_connected=False), None, WarmupHold.CONNECTION),
        (shown(is_connected=False), GONE, WarmupHold.DOMAIN),
    ):
        trouble = trouble_of(warmup, sender, domain)
        assert trouble is not None
        assert trouble.hold is hold
        assert trouble.sentence.endswith(".")


def test_a_warmup_stopped_at_the_provider_is_held_until_it_is_complete() -> None:
    trouble = trouble_of(WARMING, shown(SenderStatus.PAUSED), None)

    assert trouble is not None
    assert trouble.hold is WarmupHold.PROVIDER
    assert trouble_of(GRADUATED, shown(SenderStatus.PAUSED), None) is None


def test_a_sender_that_is_not_shown_neither_begins_nor_ends_a_hold() -> None:
    unreached = held(WARMING, WarmupHold.CONNECTION, "Its mailbox is lost.")

    assert trouble_of(WARMING, None, None) is None
    trouble = trouble_of(unreached, None, None)
    assert trouble is not None
    assert (trouble.hold, trouble.sentence) == (WarmupHold.CONNECTION, "Its mailbox is lost.")
    assert trouble_of(held(WARMING, WarmupHold.DOMAIN, "Gone."), None, None) is None


def test_a_held_warmup_that_is_banned_is_not_said_to_wait_for_its_domain() -> None:
    banned = over(held(WARMING, WarmupHold.DOMAIN, "Gone."), WarmupStatus.BANNED)

    assert (banned.hold, banned.held_from, banned.reason) == (None, None, None)


def test_a_held_day_is_judged_and_does_not_qualify() -> None:
    after, first = decide_day(WARMING, replace(seen(), domain=GONE), STANDARD, TODAY)
    stopped = held(after, GONE.hold, GONE.sentence)
    still, second = decide_day(stopped, replace(seen(sent=900), domain=GONE), STANDARD, TODAY)
    over_now, third = decide_day(still, seen(sent=1_500), STANDARD, TODAY)

    assert (first, second, third) == (Judgement.HOLD, Judgement.HOLD, Judgement.RELEASE)
    assert [each.day for each in (after, still, over_now)] == [1, 2, 3]
    assert over_now.qualified_days == 0
    for each in (after, still):
        assert each.decision is not None
        assert each.decision.sentence == GONE.sentence
        assert each.decision.expected_at is None


def test_a_hold_for_another_reason_says_so() -> None:
    stopped = held(WARMING, WarmupHold.CONNECTION, "Its mailbox is lost.")

    after, judgement = decide_day(stopped, replace(seen(), domain=GONE), PUFFLE, TODAY)

    assert judgement is Judgement.HOLD
    assert (after.hold, after.reason, after.held_from) == (
        WarmupHold.DOMAIN,
        GONE.sentence,
        WarmupStatus.WARMING,
    )


def test_a_ban_is_told_of_a_held_warmup_too() -> None:
    stopped = held(GRADUATED, WarmupHold.DOMAIN, "Gone.")

    _, judgement = decide_day(stopped, replace(seen(status=SenderStatus.BANNED), domain=GONE), PUFFLE, TODAY)

    assert judgement is Judgement.BAN


def test_it_goes_back_to_where_it_was_and_an_end_forgets_the_hold() -> None:
    for before in (WARMING, GRADUATED):
        stopped = held(before, WarmupHold.DOMAIN, "Gone.")
        assert stopped.status is WarmupStatus.PAUSED
        assert stopped.is_judged
        assert released(stopped) == before
        assert over(stopped, WarmupStatus.DISABLED).hold is None


def test_clients_resume_what_they_paused_or_what_was_stopped_at_the_provider() -> None:
    paused = replace(WARMING, status=WarmupStatus.PAUSED)

    assert is_allowed(Command.RESUME, paused)
    for hold, may_resume in (
        (WarmupHold.DOMAIN, False),
        (WarmupHold.CONNECTION, False),
        (WarmupHold.PROVIDER, True),
    ):
        stopped = held(WARMING, hold, "Why.")
        assert is_allowed(Command.RESUME, stopped) is may_resume
        assert not is_allowed(Command.PAUSE, stopped)
        assert is_allowed(Command.DISABLE, stopped)


@pytest.mark.parametrize(
    ("mail", "bounces", "complaints"),
    [
        (Mail(), None, None),
        (Mail(19, 19, 19), None, None),
        (Mail(20, 0, 0), 0.0, 0.0),
        (Mail(200, 4, 1), 2.0, 0.5),
        (Mail(30_000, 599, 29), 1.99, 0.09),
        (Mail(3_000, 1, 2), 0.03, 0.06),
    ],
)
def test_rates_are_percentages_of_at_least_twenty_messages(
    mail: Mail, bounces: float | None, complaints: float | None
) -> None:
    assert (mail.bounce_rate, mail.complaint_rate) == (bounces, complaints)


@pytest.mark.parametrize(
    ("mail", "is_met"),
    [
        (Mail(), (True, True)),
        (Mail(200, 3, 0), (True, True)),
        (Mail(200, 4, 0), (False, True)),
        (Mail(1_000, 0, 1), (True, False)),
        (Mail(2_000, 0, 1), (True, True)),
    ],
)
def test_the_standard_policy_wants_mail_that_arrives_and_is_wanted(
    mail: Mail, is_met: tuple[bool, bool]
) -> None:
    before, _ = graduated_after(13)

    after, judgement = decide_day(before, replace(seen(95.0, 5_000), mail=mail), STANDARD, TODAY)

    assert after.decision is not None
    found = {each.name: (each.is_met, each.below) for each in after.decision.criteria}
    assert (found["bounce_rate"], found["complaint_rate"]) == ((is_met[0], 2.0), (is_met[1], 0.1))
    assert judgement is (Judgement.GRADUATE if all(is_met) else Judgement.CONTINUE)


@pytest.mark.parametrize(
    ("mail", "judgement"),
    [
        (Mail(200, 9, 1), Judgement.CONTINUE),
        (Mail(200, 10, 0), Judgement.FALL_BACK),
        (Mail(200, 0, 2), Judgement.FALL_BACK),
        (Mail(10, 9, 9), Judgement.CONTINUE),
    ],
)
def test_a_graduated_account_whose_mail_comes_back_warms_again(mail: Mail, judgement: Judgement) -> None:
    after, decided = decide_day(GRADUATED, replace(seen(), mail=mail), STANDARD, TODAY)

    assert decided is judgement
    assert after.bounce_rate == mail.bounce_rate


def test_dns_is_a_goal_that_everybody_can_see() -> None:
    after, _ = decide_day(WARMING, seen(), STANDARD, TODAY)
    lost, _ = decide_day(WARMING, Observation(shown(), None, domain=GONE), STANDARD, TODAY)

    assert after.decision is not None
    assert lost.decision is not None
    for decision, value in ((after.decision, 1.0), (lost.decision, 0.0)):
        (dns,) = [each for each in decision.criteria if each.name == "dns_healthy"]
        assert (dns.value, dns.at_least, dns.is_met) == (value, 1.0, value == 1.0)
