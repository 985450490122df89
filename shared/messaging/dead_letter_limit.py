"""When to stop instead of filing everything as a dead letter: a bad deployment must not drain a topic."""

from __future__ import annotations

from collections import deque


class DeadLetterLimit:
    """Watches handled and dead events; `is_exceeded` turns true past a run length or a ratio, and stays true until reset."""

    def __init__(
        self, *, run_limit: int = 100, ratio_limit: float = 0.2, window: int = 1_000, minimum: int = 200
    ) -> None:
        self._run_limit = run_limit
        self._ratio_limit = ratio_limit
        self._minimum = minimum
        self._recent: deque[bool] = deque(maxlen=window)
        self._run = 0
        self.is_exceeded = False

    def handled(self, count: int = 1) -> None:
        """Count events that were handled."""
        if count:
            self._run = 0
            self._recent.extend([False] * count)

    def last_straw(self) -> str | None:
        """Return in words why one more dead letter is too many; None if it is not."""
        recent = deque((*self._recent, True), maxlen=self._recent.maxlen)
        if self._run + 1 >= self._run_limit:
            return f"{self._run + 1} records in a row could not be handled"
        if len(recent) >= self._minimum and sum(recent) > self._ratio_limit * len(recent):
            return f"{sum(recent)} of the last {len(recent)} records could not be handled"
        return None

    def died(self) -> None:
        """Count one dead letter."""
        self.is_exceeded = self.is_exceeded or self.last_straw() is not None
        self._run += 1
        self._recent.append(True)

    def reset(self) -> None:
        """Count anew."""
        self._recent.clear()
        self._run = 0
        self.is_exceeded = False
