"""Signed links to files: what they name cannot be changed, and they end by themselves."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

from shared.security.vault import MasterKeys

_PURPOSE = b"links to files"
_MAC_BYTES = 32
_TIME_BYTES = 8


class Links:
    """Makes and checks the tokens of links; the newest master key signs, all of them check."""

    def __init__(self, keys: MasterKeys) -> None:
        self._keys: Sequence[bytes] = keys.derived(_PURPOSE)

    def token(self, path: str, ends_at: datetime) -> str:
        """Return what names this file until then, safe in a URL."""
        said = int(ends_at.timestamp()).to_bytes(_TIME_BYTES, "big") + path.encode()
        return base64.urlsafe_b64encode(said + _mac(self._keys[0], said)).rstrip(b"=").decode()

    def path(self, token: str, now: datetime) -> str | None:
        """Return the file that a token names; None if it was not made here, was changed, or has ended."""
        try:
            signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        said, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
        # Every key is tried, so that the time it takes does not tell which one fits.
        fitting = [hmac.compare_digest(_mac(key, said), mac) for key in self._keys]
        if not any(fitting):
            return None
        ends_at = datetime.fromtimestamp(int.from_bytes(said[:_TIME_BYTES], "big"), UTC)
        return said[_TIME_BYTES:].decode() if now < ends_at else None


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")
