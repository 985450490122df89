"""Where time and identifiers come from: ports that tests can move, and their real adapters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from uuid6 import uuid7


class Clock(Protocol):
    """Tells the present instant; the only source of wall-clock time in the system."""

    def now(self) -> datetime:
        """Return the present instant, timezone-aware in UTC."""
        ...


class Ids(Protocol):
    """Makes identifiers; the only source of them in the system."""

    def new(self) -> UUID:
        """Return a fresh UUIDv7, so that identifiers sort by the time they were made."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock, set forward or back by the seconds that a file holds at that moment.

    Whoever writes the file, whole and by renaming, moves time for every process that reads it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the machine's present instant in UTC plus the seconds in the file."""
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))


class RandomIds:
    """Identifiers from the machine's clock and randomness."""

    def new(self) -> UUID:
        """Return a fresh UUIDv7."""
        return UUID(int=uuid7().int)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Counts warmup days of a configurable length from one stored anchor.

    `paused_seconds` is the time the whole system was switched off since the anchor; it does not count, so that
    a night without power is not a thousand short days.
    """

    anchor: datetime
    day_seconds: float = 86_400.0
    paused_seconds: float = 0.0

    def day(self, instant: datetime) -> int:
        """Return the whole days between the anchor and `instant`; negative before the anchor."""
        elapsed = (instant - self.anchor).total_seconds() - self.paused_seconds
        return math.floor(elapsed / self.day_seconds)

    def start_of(self, day: int) -> datetime:
        """Return the instant at which the given day begins."""
        return self.anchor + timedelta(seconds=day * self.day_seconds + self.paused_seconds)


def event_time(now: datetime, *earlier: datetime | None) -> datetime:
    """Return the time an event carries: after now, after its cause and after its aggregate's previous event.

    History sorted by this time never shows an effect before its cause, whatever the clocks of the processes say.
    """
    return max(now, *(instant for instant in earlier if instant is not None), now) + timedelta(microseconds=1)
