"""API keys as text: `<prefix>_<id>_<secret><checksum>`, of which only a hash of the secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

from shared.contracts.requests import Dialect

PREFIXES: dict[Dialect, tuple[str, ...]] = {
    Dialect.PUFFLE: ("pk_live",),
    Dialect.MYAGENTMAIL: ("tk", "wk"),
    Dialect.SENDMUX: ("smx_root",),
}
"""The kinds of key each dialect issues."""
WORKSPACE_BOUND = frozenset({"pk_live", "wk"})
"""The kinds of key that see one workspace; the others see their whole tenant."""

SCOPES = ("accounts:read", "accounts:write", "domains:read", "domains:write")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12
_SECRET_LENGTH = 32  # 190 bits
_CHECKSUM_LENGTH = 6
_KEY = re.compile(
    rf"(?P<prefix>[a-z]{{2,8}}(?:_[a-z]{{2,8}})?)_(?P<id>[0-9A-Za-z]{{{_ID_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}})(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key as a client presents it."""

    prefix: str
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyText(prefix={self.prefix!r}, id={self.id!r})"

    def reveal(self) -> str:
        """Return the whole key; shown once, when it is made."""
        head = f"{self.prefix}_{self.id}_{self.secret}"
        return head + _checksum(head)

    def hash(self) -> bytes:
        """Return what is stored of the secret. Its 190 random bits need no slow hash."""
        return hashlib.sha256(self.secret.encode()).digest()


def make_key(prefix: str) -> KeyText:
    """Return a new key of this kind."""
    return KeyText(prefix, _random(_ID_LENGTH), _random(_SECRET_LENGTH))


def parse_key(text: str) -> KeyText | None:
    """Return the parts of a key, or None if it is no key: a typo is found here, by its checksum."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    key = KeyText(match["prefix"], match["id"], match["secret"])
    return key if hmac.compare_digest(key.reveal(), text) else None


def is_secret_of(key: KeyText, secret_hash: bytes) -> bool:
    """Whether this hash is of this key's secret; takes the same time either way."""
    return hmac.compare_digest(key.hash(), secret_hash)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(head: str) -> str:
    number = zlib.crc32(head.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
