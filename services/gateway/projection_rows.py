"""What every projection row of one stream has in common: whose it is, its state as last stated, and that state's version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.envelope import Recorded
from shared.db.cas import WriteOutcome, outcome_of

Owner = tuple[UUID, UUID | None]
"""A tenant and a workspace."""

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Row(Generic[State]):
    """One row of a projection; `state` is None until the subject's first fact arrives."""

    id: UUID
    tenant_id: UUID
    workspace_id: UUID | None
    state: State | None = None
    version: int = 0


AnyRow = TypeVar("AnyRow", bound="Row[Any]")


def fold(row: AnyRow, event: Recorded, state: object, owner: Owner) -> tuple[AnyRow, WriteOutcome]:
    """Put what a fact states into its row; an older version changes nothing.

    Raises:
        ValueError: The fact carries no version.
    """
    version = version_of(event)
    outcome = outcome_of(row.version or None, version)
    if outcome is WriteOutcome.DUPLICATE:
        return row, outcome
    tenant_id, workspace_id = owner
    return replace(row, tenant_id=tenant_id, workspace_id=workspace_id, state=state, version=version), outcome


def version_of(event: Recorded) -> int:
    """Return the version that a fact carries.

    Raises:
        ValueError: It carries none.
    """
    if event.sequence is None:
        raise ValueError(f"{event.data.TYPE} {event.id} carries no version")
    return event.sequence
