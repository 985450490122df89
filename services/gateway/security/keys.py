"""API keys as text: `<prefix>_<id>_<secret><checksum>`, of which only a hash of the secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.requests import Dialect


class KeyKind(StrEnum):
    """The kinds of key there are; the value is what the text of a key begins with."""

    PUFFLE = "pk_live"
    TENANT = "tk"
    WORKSPACE = "wk"
    INBOX = "ak"
    OPERATOR = "sa"
    TEAM = "smx_root"
    MAILBOX = "smx_mbx"

    @property
    def dialect(self) -> Dialect:
        """The API that keys of this kind are for."""
        return next(dialect for dialect, kinds in KINDS.items() if self in kinds)


KINDS: dict[Dialect, tuple[KeyKind, ...]] = {
    Dialect.PUFFLE: (KeyKind.PUFFLE,),
    Dialect.MYAGENTMAIL: (KeyKind.TENANT, KeyKind.WORKSPACE, KeyKind.INBOX, KeyKind.OPERATOR),
    Dialect.SENDMUX: (KeyKind.TEAM, KeyKind.MAILBOX),
}
"""The kinds of key each dialect issues; operators make the first one unless they say which."""

WORKSPACE_BOUND = frozenset({KeyKind.PUFFLE, KeyKind.WORKSPACE})
"""These see one workspace. Those of one account see that account, and its workspace; the others their whole tenant."""

ACCOUNT_BOUND = frozenset({KeyKind.INBOX, KeyKind.MAILBOX})
"""These belong to one account and are made with it, or with another credential of it."""

_PREFIXES = frozenset(KeyKind)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12
_SECRET_LENGTH = 32  # 190 bits
_CHECKSUM_LENGTH = 6
_SHOWN_LENGTH = 4
_KEY = re.compile(
    rf"(?P<prefix>[a-z]{{2,8}}(?:_[a-z]{{2,8}})?)_(?P<id>[0-9A-Za-z]{{{_ID_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}})(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key as a client presents it."""

    prefix: KeyKind
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyText(prefix={self.prefix.value!r}, id={self.id!r})"

    def reveal(self) -> str:
        """Return the whole key; shown once, when it is made."""
        head = f"{self.prefix}_{self.id}_{self.secret}"
        return head + _checksum(head)

    @property
    def suffix(self) -> str:
        """The last characters of the whole key, kept to recognise it by."""
        return self.reveal()[-_SHOWN_LENGTH:]

    def hash(self) -> bytes:
        """Return what is stored of the secret. Its 190 random bits need no slow hash."""
        return hashlib.sha256(self.secret.encode()).digest()


def make_key(kind: KeyKind) -> KeyText:
    """Return a new key of this kind."""
    return KeyText(kind, _random(_ID_LENGTH), _random(_SECRET_LENGTH))


def parse_key(text: str) -> KeyText | None:
    """Return the parts of a key, or None if it is no key: a typo is found here, by its checksum."""
    match = _KEY.fullmatch(text)
    if match is None or match["prefix"] not in _PREFIXES:
        return None
    key = KeyText(KeyKind(match["prefix"]), match["id"], match["secret"])
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
