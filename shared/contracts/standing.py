"""How an account stands, in the one word that its owner sees, and whether it may send; pure, for every service alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.contracts.accounts import AccountState, AccountStatus
from shared.contracts.warmups import WarmupState, WarmupStatus


class Status(StrEnum):
    """The public status of an account: one word for the account and its warmup together."""

    PROVISIONING = "provisioning"
    PENDING = "pending"
    WARMING = "warming"
    ACTIVE = "active"
    PAUSED = "paused"
    ERROR = "error"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"
    """Only a request in its last step sees it; every other reader finds nothing."""


class WarmupLabel(StrEnum):
    """The public warmup status of an account."""

    NOT_STARTED = "not_started"
    WARMING = "warming"
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    BANNED = "banned"
    SUSPENDED = "suspended"


_PROVISIONED: Mapping[WarmupStatus, tuple[Status, WarmupLabel]] = {
    WarmupStatus.STARTING: (Status.PROVISIONING, WarmupLabel.NOT_STARTED),
    WarmupStatus.NOT_STARTED: (Status.PENDING, WarmupLabel.NOT_STARTED),
    WarmupStatus.WARMING: (Status.WARMING, WarmupLabel.WARMING),
    WarmupStatus.GRADUATED: (Status.ACTIVE, WarmupLabel.ACTIVE),
    WarmupStatus.PAUSED: (Status.PAUSED, WarmupLabel.PAUSED),
    WarmupStatus.DISABLED: (Status.ACTIVE, WarmupLabel.DISABLED),
    WarmupStatus.BANNED: (Status.ERROR, WarmupLabel.BANNED),
    WarmupStatus.SUSPENDED: (Status.ERROR, WarmupLabel.SUSPENDED),
    # A warmup ends only because its account goes away; the account's own fact of that is on its way.
    WarmupStatus.ENDED: (Status.DELETING, WarmupLabel.DISABLED),
}
_UNCONDITIONAL: Mapping[AccountStatus, Status] = {
    AccountStatus.RESERVED: Status.PROVISIONING,
    AccountStatus.FAILED: Status.FAILED,
    AccountStatus.DELETING: Status.DELETING,
    AccountStatus.DELETED: Status.DELETED,
}


def public_status(account: AccountState, warmup: WarmupState | None) -> tuple[Status, WarmupLabel]:
    """Return the public `status` and `warmup_status` of an account (S0-48, S0-49, S0-50)."""
    if not account.plan.warmup:
        return _UNCONDITIONAL.get(account.status, Status.ACTIVE), WarmupLabel.DISABLED
    status, label = _PROVISIONED[warmup.status if warmup else WarmupStatus.STARTING]
    if account.status is AccountStatus.RESERVED:
        label = WarmupLabel.NOT_STARTED
    return _UNCONDITIONAL.get(account.status, status), label


def is_ready_to_send(account: AccountState, warmup: WarmupState | None) -> bool:
    """Return whether an account may send mail: it has an inbox, its status is `active`, and nobody suspended it (A24)."""
    return (
        bool(account.inbox_id)
        and not account.suspended
        and public_status(account, warmup)[0] is Status.ACTIVE
    )
