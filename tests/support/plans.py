"""How a statement would be carried out: the steps of what EXPLAIN tells as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def steps_of(explained: str) -> Iterator[dict[str, Any]]:
    """Yield every step of a plan, each before those below it."""
    yield from _steps(json.loads(explained)[0]["Plan"])


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for below in step.get("Plans", ()):
        yield from _steps(below)
