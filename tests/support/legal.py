"""Which fact may follow which: the published lives of accounts, warmups, domains, threads and suppressions."""

from __future__ import annotations

from tests.support.evidence import Logged

_COMMANDED = frozenset({"changed", "credentials_issued", "credentials_revoked", "deleting"})
"""What a client may ask of an account that is there."""
_ACCOUNT: dict[str | None, frozenset[str]] = {
    None: frozenset({"reserved"}),
    "reserved": frozenset({"reserved", "inbox_created", "provisioning_failed", "deleting"}),
    "inbox_created": frozenset({"credentials_issued", "provisioning_failed", "provisioned", "deleting"}),
    "credentials_issued": frozenset({"sender_registered", "provisioning_failed", "provisioned", "deleting"})
    | _COMMANDED,
    "sender_registered": frozenset({"tags_assigned", "provisioning_failed", "deleting"}),
    "tags_assigned": frozenset({"provisioned"}),
    "provisioned": _COMMANDED,
    "changed": _COMMANDED,
    "credentials_revoked": _COMMANDED,
    "provisioning_failed": frozenset({"undone", "deleting"}),
    "undone": frozenset({"deleting"}),
    "deleting": frozenset({"deleted"}),
    "deleted": frozenset(),
}
WARMUP_LIVES: dict[str | None, frozenset[str]] = {
    None: frozenset({"warming", "not_started", "ended"}),
    "not_started": frozenset({"warming", "not_started", "disabled", "banned", "suspended", "ended"}),
    "warming": frozenset(
        {"warming", "not_started", "graduated", "paused", "disabled", "banned", "suspended", "ended"}
    ),
    "paused": frozenset({"paused", "graduated", "warming", "disabled", "banned", "suspended", "ended"}),
    "disabled": frozenset({"ended"}),
    "graduated": frozenset({"graduated", "warming", "paused", "banned", "suspended", "ended"}),
    "banned": frozenset({"ended"}),
    "suspended": frozenset({"ended"}),
    "ended": frozenset(),
}
_DOMAIN: dict[str | None, frozenset[str]] = {
    None: frozenset({"pending", "verifying", "verified", "deleting"}),
    "pending": frozenset({"pending", "verifying", "verified", "failed", "deleting"}),
    "verifying": frozenset({"pending", "verifying", "verified", "failed", "deleting"}),
    "verified": frozenset({"failed", "deleting"}),
    "failed": frozenset({"pending", "verifying", "verified", "failed", "deleting"}),
    "deleting": frozenset({"deleted"}),
    "deleted": frozenset(),
}
THREAD_LIVES: dict[str | None, frozenset[str]] = {
    None: frozenset({"draft", "active", "warmup"}),
    "draft": frozenset({"draft", "active", "archived", "erased"}),
    "active": frozenset({"active", "archived", "erased"}),
    "archived": frozenset({"archived", "active", "draft", "erased"}),
    "warmup": frozenset({"warmup", "erased"}),
    "erased": frozenset(),
}
MESSAGE_LIVES: dict[str | None, frozenset[str]] = {
    None: frozenset({"queued", "received"}),
    "queued": frozenset({"sent", "failed", "unknown"}),
    "sent": frozenset({"failed", "bounced", "complained"}),
    "unknown": frozenset({"sent", "failed", "bounced", "complained"}),
    "bounced": frozenset({"complained"}),
    "failed": frozenset(),
    "complained": frozenset(),
    "received": frozenset(),
}
_BY_STATUS = {"warmup": WARMUP_LIVES, "domain": _DOMAIN, "thread": THREAD_LIVES}


def may_follow(aggregate: str, before: Logged | None, fact: Logged) -> bool:
    """Say whether this fact may come right after `before`; None stands for the beginning."""
    if aggregate == "account":
        last = before.kind.partition(".")[2] if before else None
        return fact.kind.partition(".")[2] in _ACCOUNT.get(last, ())
    if fact.kind == "domain.changed":  # a client may say of any claim how it stands, until it is given up
        return before is not None and before.data[aggregate]["status"] not in {"deleting", "deleted"}
    if aggregate == "suppression":  # added, lifted, added again …
        return (before is not None and before.kind == "suppression.added") == (
            fact.kind == "suppression.lifted"
        )
    lives = _BY_STATUS[aggregate]
    status = str(before.data[aggregate]["status"]) if before else None
    return fact.data[aggregate]["status"] in lives.get(status, ())
