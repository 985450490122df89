"""What keys may do: every dialect has its own words for it, and some words stand for many."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from services.gateway.security.keys import KeyKind

_PUFFLE = (
    "accounts:read", "accounts:write", "domains:read", "domains:write",
    "threads:read", "threads:write", "threads:send",
)  # fmt: skip
_WORKSPACE = ("inboxes:read", "inboxes:write", "domains:read", "domains:write")
_TENANT = (*_WORKSPACE, "workspaces:read", "workspaces:write")
_SENDMUX = (
    "mailbox.admin.read", "mailbox.admin.create", "mailbox.admin.delete", "mailbox.admin.manage",
    "domain.read", "domain.create", "domain.verify", "domain.delete",
)  # fmt: skip

POSSIBLE: dict[KeyKind, tuple[str, ...]] = {
    KeyKind.PUFFLE: _PUFFLE,
    KeyKind.TENANT: _TENANT,
    KeyKind.WORKSPACE: _WORKSPACE,
    KeyKind.INBOX: ("inboxes:read",),
    KeyKind.OPERATOR: ("tenants:write",),
    KeyKind.TEAM: _SENDMUX,
    KeyKind.MAILBOX: (),
}
"""Everything a key of each kind may be allowed; a mailbox's own key may do nothing in the management API."""

ALL = frozenset(scope for scopes in POSSIBLE.values() for scope in scopes)

_PRESETS = {
    "root:full": _SENDMUX,
    "root:readonly": tuple(scope for scope in _SENDMUX if scope.endswith(".read")),
}


def usual(kind: KeyKind) -> tuple[str, ...]:
    """Return what a new key of this kind is allowed unless somebody says otherwise: everything it may be."""
    return ("root:full",) if kind is KeyKind.TEAM else POSSIBLE[kind]


def unknown_to(kind: KeyKind, scopes: Iterable[str]) -> list[str]:
    """Return those of these words that mean nothing for a key of this kind."""
    return [scope for scope in scopes if not meant_by((scope,)) & set(POSSIBLE[kind])]


@lru_cache(maxsize=1_024)
def meant_by(scopes: tuple[str, ...]) -> frozenset[str]:
    """Return all that these words allow: presets and wildcards (`domain.*`) stand for what they cover."""
    meant: set[str] = set()
    for scope in scopes:
        if scope in _PRESETS:
            meant |= set(_PRESETS[scope])
        elif scope.endswith(".*"):
            meant |= {each for each in ALL if each.startswith(scope[:-1])}
        else:
            meant.add(scope)
    return frozenset(meant)
