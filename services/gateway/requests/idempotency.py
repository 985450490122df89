"""Idempotency-Key: which keys are accepted, and when two calls are the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import rfc8785

from services.gateway.errors import invalid

KEPT = timedelta(days=7)
"""How long a key is remembered with its answer."""

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


def idempotency_key(values: Sequence[str]) -> str | None:
    """Return the call's Idempotency-Key, or None if it has none.

    Raises:
        ApiError: There are several, or it is not 1 to 255 printable ASCII characters (400).
    """
    if not values:
        return None
    if len(values) > 1 or _KEY.fullmatch(values[0]) is None:
        raise invalid("The header Idempotency-Key must be given once, with 1 to 255 printable characters.")
    return values[0]


def fingerprint(method: str, path: str, query: Sequence[tuple[str, str]], body: Any) -> bytes:
    """Return what makes two calls the same: spacing and the order of fields and parameters do not matter."""
    asked = [method, path, [list(pair) for pair in sorted(query)], body]
    return hashlib.sha256(rfc8785.dumps(asked)).digest()
