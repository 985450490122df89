"""Rows as `unnest` takes them, which writes many with one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def as_columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return rows, of which there is at least one, as one list per column."""
    return [list(column) for column in zip(*rows, strict=True)]
