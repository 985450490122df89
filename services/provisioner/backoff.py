"""How long to wait before trying again: full jitter, so that what failed together does not come back together.

The gate before each provider already bounds how often a provider in trouble is called. So the cap only has to keep the
database calm, and is short enough that everything moves again soon after the trouble ended.
"""

from __future__ import annotations

from random import Random

BASE_SECONDS = 0.5
CAP_SECONDS = 20.0


def backoff_seconds(attempts: int, random: Random) -> float:
    """Return the seconds to wait after this many attempts in a row."""
    return random.uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2 ** min(attempts, 10)))
