"""How long one record may hold up the line for trouble that may pass, counted over all its deliveries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from shared.db.pool import TIME_LIMITS
from shared.errors import Retryable
from shared.messaging.dead_letters import RawRecord

PATIENCE_SECONDS = 60.0


class HeldUp(Retryable):
    """Everything else of a batch was handled; `places` says by topic and partition the offset of the record that waits."""

    def __init__(self, why: Retryable, places: Mapping[tuple[str, int], int]) -> None:
        super().__init__(str(why), code=why.code)
        self.places = places


@contextmanager
def within_limits() -> Iterator[None]:
    """Tell work that takes too long apart from a database that is away: then the rollback takes too long as well.

    Raises:
        Retryable: A statement of the block took longer than it may.
    """
    try:
        yield
    except TIME_LIMITS as error:
        raise Retryable("A statement took longer than it may.", code="time_limit") from error


class Patience:
    """Remembers since when each record has been failing; a record that may not be passed keeps its aggregate's order."""

    def __init__(
        self, seconds: float = PATIENCE_SECONDS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._failing_since: dict[tuple[str, int, int], float] = {}

    def is_tried(self, records: Sequence[RawRecord]) -> bool:
        """Whether one of these failed before, so that it had better be handled alone at once."""
        return any(_place(record) in self._failing_since for record in records)

    def is_over(self, record: RawRecord) -> bool:
        """Note that a record failed again; True once it has been failing for too long."""
        since = self._failing_since.setdefault(_place(record), self._clock())
        return self._clock() - since >= self._seconds

    def forget(self, record: RawRecord) -> None:
        """Forget a record: it was handled, or kept as a dead letter."""
        self._failing_since.pop(_place(record), None)


def _place(record: RawRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
