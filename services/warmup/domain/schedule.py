"""When the next step of a warmup is due."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from shared.clock import Calendar

LONGEST_WAIT_IN_ATTEMPT_SECONDS = 4.0
LONGEST_FOLLOW_SECONDS = 30.0
LONGEST_SPREAD_SECONDS = 3_600.0
SHORTEST_LATENESS_SECONDS = 5.0
QUICK_TRIES = 3
PUT_BACK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Today:
    """A calendar day: its number since the anchor, its date, its length in seconds, and the present instant in it."""

    number: int
    date: date
    length: float
    now: datetime


Jitter = Callable[[float, float], float]
"""Returns a number between two, at random."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The service's delays, in seconds, and its calendar."""

    calendar: Calendar
    jitter: Jitter
    window_seconds: float = 25.0
    """How long the first attempt may take before it counts as failed."""
    first_retry_seconds: float = 60.0
    longest_retry_seconds: float = 3_600.0
    follow_seconds: float = 0.5
    slots: int = 60
    """Accounts share a slot of the spread, so that they share a question to the provider too."""

    def retry_at(self, now: datetime, attempts: int, at_least: float | None = None) -> datetime:
        """Return when to try again by ourselves after `attempts` attempts: 60 s at first, then up to an hour."""
        longest = min(
            self.longest_retry_seconds, self.first_retry_seconds * 2.0 ** min(max(attempts - 1, 0), 30)
        )
        delay = self.jitter(min(self.first_retry_seconds, longest), longest)
        return now + timedelta(seconds=max(delay, at_least or 0.0))

    def again_at(self, now: datetime, tries: int, at_least: float | None = None) -> datetime:
        """Return when to call again within the same attempt."""
        longest = min(LONGEST_WAIT_IN_ATTEMPT_SECONDS, 0.4 * 2.0 ** min(tries, 10))
        return now + timedelta(seconds=max(self.jitter(longest / 2, longest), at_least or 0.0))

    def follow_at(self, now: datetime, tries: int, at_least: float | None = None) -> datetime:
        """Return when to look at an accepted enable, or at a provider that did not answer, again."""
        longest = min(LONGEST_FOLLOW_SECONDS, self.follow_seconds * 2.0 ** min(tries, 10))
        return now + timedelta(seconds=max(self.jitter(longest / 2, longest), at_least or 0.0))

    def put_back_at(self, now: datetime) -> datetime:
        """Return when work that was interrupted on our side is taken up again."""
        return now + timedelta(seconds=PUT_BACK_SECONDS)

    def today(self, now: datetime) -> Today:
        """Return the calendar day of an instant; days are dated from the anchor, however short they are."""
        number = self.calendar.day(now)
        first = self.calendar.anchor.date()
        dated = first + timedelta(days=min(number, (date.max - first).days))
        return Today(number, dated, self.calendar.day_seconds, now)

    def last_full_days(self, today: Today, count: int) -> tuple[datetime, datetime]:
        """Return when the last so many full days before a day began and ended."""
        return self.calendar.start_of(today.number - count), self.calendar.start_of(today.number)

    def next_day(self, now: datetime, account_id: UUID) -> datetime:
        """Return when the account is judged next: early on the next day, accounts spread over its first tenth."""
        tomorrow = self.calendar.start_of(self.calendar.day(now) + 1)
        return tomorrow + timedelta(seconds=self._spread_seconds * self._part_of(account_id))

    def out_of_reach(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the beginning of the day, and from when on nothing can be due that was planned by this calendar.

        What is due after that was planned for days of another length, or by a clock that was wrong by days.
        """
        day = self.calendar.day(now)
        return self.calendar.start_of(day), self.calendar.start_of(day + 3)

    def is_late(self, due_at: datetime, now: datetime) -> bool:
        """Say whether a day's judgement is so late that others must be late with it: something was down."""
        slot_seconds = self._spread_seconds / self.slots
        return (now - due_at).total_seconds() > max(slot_seconds, SHORTEST_LATENESS_SECONDS)

    def catch_up_at(self, now: datetime, account_id: UUID) -> datetime:
        """Return when a late account is judged: as long after a full spread of the day as it always is after midnight.

        So every account has its own moment of each spread, late or not, and however much has piled up, the provider is
        never asked more often than on any other day. What would come after midnight is judged with that day.
        """
        spread = timedelta(seconds=self._spread_seconds)
        first = self.calendar.start_of(self.calendar.day(now)) + spread * self._part_of(account_id)
        at = first + spread * max(0, math.ceil((now - first) / spread))
        return min(at, self.next_day(now, account_id))

    def ask_again_at(self, now: datetime, tries: int, at_least: float | None = None) -> datetime:
        """Return when to judge an account that the provider gave no answer for: soon at first, then once per spread.

        All accounts wait equally long then, so that they stay as far apart as they are.
        """
        if tries < QUICK_TRIES:
            return self.follow_at(now, tries, at_least)
        return now + timedelta(seconds=max(self._spread_seconds, at_least or 0.0))

    @property
    def _spread_seconds(self) -> float:
        return min(self.calendar.day_seconds / 10, LONGEST_SPREAD_SECONDS)

    def _part_of(self, account_id: UUID) -> float:
        return account_id.int % self.slots / self.slots
