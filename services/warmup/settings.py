"""Which environment variables shape a warmup process; read by `main` and `bootstrap` only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.settings import InstantlySettings


class WarmupSettings(InstantlySettings):
    """Every field is read from the environment with the prefix `MAILWRIGHT_`."""

    warmup_concurrency: int = Field(default=8, ge=1)
    """Calls to enable that one process has under way at the same time."""
    warmup_lease_seconds: float = Field(default=20.0, gt=0)
    """How long a warmup stays with a process that may have died."""
    warmup_window_seconds: float = Field(default=25.0, gt=0)
    """How long the first attempt to enable may take before it counts as failed."""
    warmup_first_retry_seconds: float = Field(default=60.0, gt=0)
    """When a warmup that failed to start is first tried again; the delay then grows."""
    warmup_longest_retry_seconds: float = Field(default=3_600.0, gt=0)
    """The longest delay between two such tries."""
    warmup_slots: int = Field(default=60, ge=1, le=3_600)
    """Moments in a day's first tenth at which accounts are judged; those of one moment share questions to the provider."""
    warmup_judgements_kept_days: float = Field(default=400.0, ge=30)
    """How long it is kept how each day was judged, besides in the account's history."""
    warmup_policy: Literal["puffle", "standard"] = "puffle"
    """What a warmup must have reached before its account may send; see docs/warmup.md."""
