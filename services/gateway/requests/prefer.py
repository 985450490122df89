"""`Prefer: wait=n` and `Prefer: respond-async` (RFC 7240): how long a call waits for its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?')


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a call waits, and the `Preference-Applied` that says so (None: nothing was preferred)."""

    seconds: float
    applied: str | None = None


def patience(headers: Iterable[str], *, default: float, longest: float) -> Patience:
    """Return how long a call waits that has these Prefer headers; what is not understood is ignored.

    Both preferences together mean: answer within that time, else 202.
    """
    wait: int | None = None
    is_async = False
    for part in (part.strip().lower() for header in headers for part in re.split(r"[,;]", header)):
        match = _WAIT.fullmatch(part)
        if match is not None and wait is None:
            wait = int(match[1])
        is_async = is_async or part == "respond-async"
    if wait is not None:
        seconds = min(float(wait), longest)
        return Patience(seconds, ("respond-async, " if is_async else "") + f"wait={seconds:g}")
    return Patience(0.0, "respond-async") if is_async else Patience(default)
