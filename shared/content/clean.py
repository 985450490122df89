"""Making what strangers wrote fit to be kept: whatever arrives, the database takes it and no header can be forged of it."""

from __future__ import annotations

import math
import re
from binascii import a2b_base64, a2b_qp
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ENCODED_WORD = re.compile(r"=\?([^?\s]*)\?([bBqQ])\?([^?]*)")
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
    return plain(" ".join(piece for piece in pieces if piece))


def plain(text: str) -> str:
    """Return a text in which no encoded word is left, if one of them hides a control character."""
    return text.replace("=?", "=") if hides_controls(text) else text


def hides_controls(text: str) -> bool:
    """Return whether a mail program would read a control character in an encoded word (RFC 2047), even in half a one."""
    return any(_CONTROLS.search(_meant(*word.groups())) for word in _ENCODED_WORD.finditer(text))


def _meant(charset: str, encoding: str, written: str) -> str:
    try:
        # What is no base64 at all is left aside, as lenient programs do.
        meant = a2b_base64(written + "==") if encoding in "bB" else a2b_qp(written, header=True)
        # Where the charset cannot be right, a program may take it for UTF-8.
        return meant.decode(charset.partition("*")[0], "replace") + meant.decode(errors="replace")
    except (LookupError, ValueError):
        return "\0"  # nobody knows what a mail program makes of it
