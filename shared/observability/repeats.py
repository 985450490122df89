"""Saying a trouble once: a warning that comes again word for word is left out for a while, and counted."""

from __future__ import annotations

import logging
import time

QUIET_SECONDS = 10.0
_REMEMBERED = 500


class RepeatsLeftOut(logging.Filter):
    """Lets each warning or error through once in ten seconds; the next one tells how many were left out.

    What goes on failing tries again several times a second. Lines that differ in any field but their time are different.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is written."""
        if record.levelno < logging.WARNING:
            return True
        fields = record.msg if isinstance(record.msg, dict) else None
        words = record.getMessage() if fields is None else repr(sorted(_without_time(fields).items()))
        key = f"{record.name} {words}"
        said_at, left_out = self._said.pop(key, (float("-inf"), 0))
        now = time.monotonic()
        if now - said_at < QUIET_SECONDS:
            self._said[key] = (said_at, left_out + 1)
            return False
        if left_out and fields is not None:
            fields["left_out"] = left_out
        self._said[key] = (now, 0)
        if len(self._said) > _REMEMBERED:
            del self._said[next(iter(self._said))]
        return True


def _without_time(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name != "timestamp"}
