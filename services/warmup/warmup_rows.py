"""How a warmup becomes a row, and a row a warmup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from services.warmup.domain.warmup import AttemptBy, Warmup
from shared.contracts.envelope import Model
from shared.contracts.warmups import WarmupDay, WarmupDecision, WarmupHold, WarmupStatus

COLUMNS = tuple(field.name for field in fields(Warmup))
FIXED = {"account_id", "tenant_id", "workspace_id", "created_at", "lease_token"}
CHANGING = tuple(name for name in COLUMNS if name not in FIXED)


def values_of(warmup: Warmup, columns: Sequence[str]) -> list[Any]:
    """Return what a warmup's columns hold."""
    return [_plain(getattr(warmup, name)) for name in columns]


def warmup_of(row: Any) -> Warmup:
    """Return the warmup that a row with all its columns holds; columns of other tables are left out."""
    values = {name: row[name] for name in COLUMNS}
    values["status"] = WarmupStatus(values["status"])
    values["days"] = tuple(WarmupDay.model_validate(day) for day in values["days"])
    if values["decision"] is not None:
        values["decision"] = WarmupDecision.model_validate(values["decision"])
    if values["hold"] is not None:
        values["hold"] = WarmupHold(values["hold"])
        values["held_from"] = WarmupStatus(values["held_from"])
    if values["attempt_by"] is not None:
        values["attempt_by"] = AttemptBy(values["attempt_by"])
    return Warmup(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.model_dump(mode="json")
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
