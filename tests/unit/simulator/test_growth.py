"""Warmup grows with virtual days, and only while it runs."""

from hypothesis import given
from hypothesis import strategies as st

from services.simulator.instantly import growth

FRESH = {"email": "ada@example.com", **growth.NEW}


def test_nothing_is_known_before_the_first_whole_day() -> None:
    running = growth.enabled(FRESH, 3.5)

    assert growth.at(FRESH, 3.5) == growth.Growth(growth.PAUSED, 0, None)
    assert growth.at(running, 4.4) == growth.Growth(growth.ACTIVE, 0, None)
    assert growth.at(running, 4.5) == growth.Growth(growth.ACTIVE, 1, growth.score(1))


def test_the_graduation_rule_is_met_on_day_fourteen() -> None:
    assert (growth.score(13), growth.score(14)) == (88, 90)
    assert (growth.sent_until(13), growth.sent_until(14)) == (182, 210)


def test_a_pause_keeps_the_days_and_adds_none() -> None:
    paused = growth.disabled(growth.enabled(FRESH, 0.0), 5.2)

    assert growth.at(paused, 50.0).days == 5
    assert growth.at(growth.enabled(paused, 50.0), 52.0).days == 7


def test_the_days_of_a_pause_are_nobodys_warmup_days() -> None:
    paused = growth.disabled(growth.enabled(FRESH, 0.5), 2.6)
    resumed = growth.enabled(paused, 7.9)

    assert growth.day_numbers(paused, 2) == [0, 1]
    assert growth.day_numbers(resumed, growth.at(resumed, 10.0).days) == [0, 1, 7, 8]


def test_banned_stays_banned() -> None:
    running = growth.enabled({**FRESH, "email": "banned@example.com"}, 0.0)

    assert growth.at(running, 0.9).status == growth.ACTIVE
    assert growth.at(running, 1.0).status == growth.BANNED
    assert growth.at(growth.disabled(running, 2.0), 9.0).status == growth.BANNED


@given(days=st.integers(min_value=0, max_value=400))
def test_totals_are_the_sum_of_the_days(days: int) -> None:
    assert growth.sent_until(days) == sum(growth.sent_on(day) for day in range(1, days + 1))
    assert len(growth.shown_days(days)) == min(days, 30)
