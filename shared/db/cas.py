"""Compare-and-swap: what a conditional write came to."""

from __future__ import annotations

from enum import StrEnum


class WriteOutcome(StrEnum):
    """How a projection took an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """The row is at this version or a newer one already; nothing changed."""
    GAP = "gap"
    """Applied, but versions between were skipped; harmless, because facts carry the whole state, and counted."""


def outcome_of(stored: int | None, incoming: int) -> WriteOutcome:
    """Return what writing version `incoming` over version `stored` (None: no row yet) comes to."""
    if stored is not None and incoming <= stored:
        return WriteOutcome.DUPLICATE
    return WriteOutcome.APPLIED if incoming == (stored or 0) + 1 else WriteOutcome.GAP
