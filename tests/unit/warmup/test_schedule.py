"""When days are judged: spread out, also after everything was down."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from services.warmup.domain.schedule import QUICK_TRIES, Schedule
from shared.clock import Calendar, RandomIds

ANCHOR = datetime(2026, 3, 1, tzinfo=UTC)
SCHEDULE = Schedule(calendar=Calendar(ANCHOR), jitter=lambda _, longest: longest)
DAY_THREE = ANCHOR + timedelta(days=3)
ACCOUNTS = [RandomIds().new() for _ in range(20_000)]


def busiest_minutes(due: list[datetime], minutes: int = 6) -> int:
    """Return how many fall into the busiest so many minutes."""
    parts = Counter(int((at - ANCHOR).total_seconds() // (60 * minutes)) for at in due)
    return max(parts.values())


def test_a_day_is_judged_within_its_first_hour() -> None:
    due = [SCHEDULE.next_day(DAY_THREE - timedelta(hours=5), each) for each in ACCOUNTS]

    assert min(due) >= DAY_THREE
    assert max(due) < DAY_THREE + timedelta(hours=1)


@pytest.mark.parametrize("hours", [0.2, 0.5, 5, 23.9])
def test_what_piled_up_never_makes_the_provider_busier_than_any_other_day(hours: float) -> None:
    usual = busiest_minutes([SCHEDULE.next_day(DAY_THREE - timedelta(days=1), each) for each in ACCOUNTS])
    now = DAY_THREE + timedelta(hours=hours)

    planned = {each: SCHEDULE.next_day(DAY_THREE - timedelta(days=1), each) for each in ACCOUNTS}
    due = [
        SCHEDULE.catch_up_at(now, each) if SCHEDULE.is_late(at, now) else max(at, now)
        for each, at in planned.items()
    ]

    assert min(due) >= now
    assert busiest_minutes(due) <= 1.2 * usual


@pytest.mark.parametrize(("seconds", "is_late"), [(0, False), (59, False), (61, True), (86_400, True)])
def test_a_minute_late_is_late(seconds: float, is_late: bool) -> None:
    assert SCHEDULE.is_late(DAY_THREE, DAY_THREE + timedelta(seconds=seconds)) is is_late


def test_short_days_are_not_late_for_a_breath() -> None:
    short = Schedule(calendar=Calendar(ANCHOR, day_seconds=2.0), jitter=lambda _, longest: longest)

    assert not short.is_late(DAY_THREE, DAY_THREE + timedelta(seconds=4))


def test_a_silent_provider_is_asked_soon_at_first_and_then_once_an_hour() -> None:
    waits = [(SCHEDULE.ask_again_at(DAY_THREE, tries) - DAY_THREE).total_seconds() for tries in range(6)]

    assert waits[:QUICK_TRIES] == sorted(waits[:QUICK_TRIES])
    assert waits[QUICK_TRIES - 1] < 10
    assert waits[QUICK_TRIES:] == [3_600.0] * 3
