"""Making what strangers wrote fit to be kept: whatever arrives, the database takes it and no header can be forged of it."""

from __future__ import annotations

import math
import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(value: Any) -> Any:
    """Return JSON that Postgres takes: NUL and half characters are replaced, numbers beyond all bounds are null."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def one_line(text: str) -> str:
    """Return a text without control characters and line breaks, for names, subjects and addresses."""
    pieces = (piece.strip(" ") for piece in _CONTROLS.split(text))
    return " ".join(piece for piece in pieces if piece)
