"""When days are judged: spread out, also after everything was down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.warmup.domain.schedule import QUICK_TRIES, Schedule
from shared.clock import Calendar, RandomIds

ANCHOR = datetime(2026, 3, 1, tzinfo=UTC)
SCHEDULE = Schedule(calendar=Calendar(ANCHOR), jitter=lambda _, longest: longest)
DAY_THREE = ANCHOR + timedelta(days=3)
ACCOUNTS = [RandomIds().new() for _ in range(6_000)]


def busiest_minutes(due: Iterable[datetime], minutes: int) -> int:
    """Return how many fall into the busiest so many minutes in a row."""
    counts = Counter(int((at - ANCHOR).total_seconds() // 60) for at in due)
    return max(sum(counts[first + minute] for minute in range(minutes)) for first in counts)


def usual(minutes: int) -> int:
    """Return how many the busiest so many minutes of an undisturbed day have."""
    return busiest_minutes((SCHEDULE.next_day(DAY_THREE, each) for each in ACCOUNTS), minutes)


def test_a_day_is_judged_within_its_first_hour() -> None:
    due = [SCHEDULE.next_day(DAY_THREE - timedelta(hours=5), each) for each in ACCOUNTS]

    assert min(due) >= DAY_THREE
    assert max(due) < DAY_THREE + timedelta(hours=1)


def caught_up(planned: Mapping[UUID, datetime], now: datetime) -> list[datetime]:
    """Return when accounts are judged that the service finds when it is back, and again for two days."""
    judged = []
    for each, at in planned.items():
        due = SCHEDULE.catch_up_at(now, each) if SCHEDULE.is_late(at, now) else max(at, now)
        assert due >= now
        for _ in range(3):
            judged.append(due)
            due = SCHEDULE.next_day(due, each)
    return judged


@pytest.mark.parametrize("minutes", [6, 30, 60])
@pytest.mark.parametrize("hours", [0.2, 0.5, 5, 23.25, 23.5, 23.75, 23.9])
def test_what_piled_up_never_makes_the_provider_busier_than_any_other_day(hours: float, minutes: int) -> None:
    planned = {each: SCHEDULE.next_day(DAY_THREE - timedelta(days=1), each) for each in ACCOUNTS}

    due = caught_up(planned, DAY_THREE + timedelta(hours=hours))

    assert busiest_minutes(due, minutes) <= 1.2 * usual(minutes)


@pytest.mark.parametrize("minutes", [6, 15, 60])
def test_nor_does_it_when_the_provider_was_silent_meanwhile(minutes: int) -> None:
    off, back = DAY_THREE + timedelta(hours=10, minutes=10), DAY_THREE + timedelta(hours=10, minutes=30)
    planned = {}
    for each in ACCOUNTS:
        due = SCHEDULE.next_day(DAY_THREE - timedelta(days=1), each)
        while due < off:
            due = SCHEDULE.ask_again_at(due, QUICK_TRIES)
        planned[each] = due

    due_again = caught_up(planned, back)

    assert busiest_minutes(due_again, minutes) <= 1.2 * usual(minutes)


def test_what_would_be_caught_up_after_midnight_is_judged_with_that_day() -> None:
    half_past_eleven = DAY_THREE + timedelta(hours=23.5)

    for each in ACCOUNTS[:200]:
        due = SCHEDULE.catch_up_at(half_past_eleven, each)
        assert due < DAY_THREE + timedelta(days=1) or due == SCHEDULE.next_day(half_past_eleven, each)


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
