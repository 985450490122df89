"""How warmup mail is told from correspondence: a tag that the warmup provider puts into the mail it exchanges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_PREFIX = "mw"


def warmup_tag(installation: str) -> str:
    """Return the tag of this installation's warmup mail: a word that nobody writes, the same in every service."""
    return f"{_PREFIX}{hashlib.sha256(f'warmup mail of {installation}'.encode()).hexdigest()[:10]}"


def bears(tag: str, texts: Iterable[str | None]) -> bool:
    """Return whether the tag stands in one of these texts, in small letters or capitals."""
    return any(tag in text.lower() for text in texts if text)
