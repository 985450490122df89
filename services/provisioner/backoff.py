"""How long to wait before trying again: full jitter, so that what failed together does not come back together."""

from __future__ import annotations

from random import Random

BASE_SECONDS = 0.5
CAP_SECONDS = 60.0


def backoff_seconds(attempts: int, random: Random) -> float:
    """Return the seconds to wait after this many attempts in a row."""
    return random.uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2 ** min(attempts, 10)))
