"""Sendmux's public ids: a prefix that says what it is, and the 32 hex digits of our own id (S4-23, S4-32, A47)."""

from __future__ import annotations

import re
from uuid import UUID

MAILBOX = "mbx_"
KEY = "smx_"
DOMAIN = "mdom_"

_HEX = re.compile(r"[0-9a-f]{32}")


def public_id(prefix: str, own: UUID) -> str:
    """Return an id as clients see it."""
    return prefix + own.hex


def own_id(prefix: str, text: str) -> UUID | None:
    """Return our id, or None if the text is no id of this kind; it then names nothing."""
    digits = text.removeprefix(prefix)
    if not text.startswith(prefix) or _HEX.fullmatch(digits) is None:
        return None
    return UUID(digits)
