"""How all dialects write JSON and instants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, overload

JSON = "application/json"


def encode(value: Any) -> bytes:
    """Return JSON as it is sent: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@overload
def instant(value: datetime) -> str: ...
@overload
def instant(value: datetime | None) -> str | None: ...
def instant(value: datetime | None) -> str | None:
    """Return an instant in UTC with a `Z` (S0-43, S4-31)."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None
