"""When to stop instead of filing everything as a dead letter: a bad deployment must not drain a topic."""

from __future__ import annotations

from collections import deque


class DeadLetterLimit:
    """Watches handled and dead records; `is_exceeded` turns true past a run length or a ratio, and stays true."""

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
        """Count records that were handled."""
        self._run = 0
        self._recent.extend([False] * count)

    def died(self) -> None:
        """Count one dead letter."""
        self._run += 1
        self._recent.append(True)
        ratio = sum(self._recent) / len(self._recent)
        if self._run >= self._run_limit or (len(self._recent) >= self._minimum and ratio > self._ratio_limit):
            self.is_exceeded = True
