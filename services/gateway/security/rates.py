"""How many calls a key may make: windows that all gateway processes count in together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway.errors import rate_limited
from shared.contracts.requests import Dialect

WINDOW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a key stands in its window: the calls it may make, those it has made, this one included, and the end."""

    limit: int
    made: int
    ends_at: datetime

    @property
    def left(self) -> int:
        """How many more calls the window takes."""
        return max(0, self.limit - self.made)

    def require(self, now: datetime) -> None:
        """Check that this call is within the limit.

        Raises:
            ApiError: It is not (429).
        """
        if self.made > self.limit:
            raise rate_limited(max(1, math.ceil((self.ends_at - now).total_seconds())))


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls a key of each dialect may make in a window; 0 is no limit, and nothing is counted then."""

    sendmux: int
    others: int

    def of(self, dialect: Dialect) -> int:
        """Return the limit of this dialect's keys."""
        return self.sendmux if dialect is Dialect.SENDMUX else self.others

    def fresh(self, dialect: Dialect, now: datetime) -> Rate:
        """Return a window in which nothing was counted yet, for calls that no key makes."""
        return Rate(self.of(dialect), 0, now + WINDOW)
