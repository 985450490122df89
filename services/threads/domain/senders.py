"""What is known of an account that sends, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.threads.domain import refusals
from services.threads.domain.refusals import Refusal
from shared.contracts.accounts import AccountState, AccountStatus
from shared.contracts.requests import Dialect
from shared.contracts.standing import is_ready_to_send, public_status
from shared.contracts.threads import Channel
from shared.contracts.warmups import WarmupState

GONE = frozenset({AccountStatus.FAILED, AccountStatus.DELETING, AccountStatus.DELETED})
"""An account in one of these will never send again."""


@dataclass(frozen=True, slots=True)
class Sender:
    """An account and its warmup as their owners last told, each None before they told anything."""

    account_id: UUID
    channel: Channel = Channel.EMAIL
    account: AccountState | None = None
    account_version: int = 0
    warmup: WarmupState | None = None
    warmup_version: int = 0

    @property
    def address(self) -> str:
        """The address that its mail comes from."""
        return "" if self.account is None else self.account.primary_alias or self.account.address


def is_behind(sender: Sender | None, seen: Mapping[str, int]) -> bool:
    """Say whether somebody has seen more of an account than is known here."""
    known = {"account": 0, "warmup": 0}
    if sender is not None:
        known = {"account": sender.account_version, "warmup": sender.warmup_version}
    return any(known.get(stream, version) < version for stream, version in seen.items())


def why_not(sender: Sender | None, tenant_id: UUID, workspace_id: UUID) -> Refusal | None:
    """Return why an account cannot be a workspace's sender; None if it can (S3-13, S3-14, S3-15, S3-16, A27)."""
    account = sender.account if sender else None
    if (
        sender is None
        or account is None
        or account.dialect is not Dialect.PUFFLE
        or account.status is AccountStatus.DELETED
        or (account.tenant_id, account.workspace_id) != (tenant_id, workspace_id)
    ):
        return refusals.ACCOUNT_NOT_FOUND
    if sender.channel is not Channel.EMAIL:
        return refusals.ACCOUNT_NOT_EMAIL
    if account.status is AccountStatus.PROVISIONED and not account.inbox_id:
        return refusals.ACCOUNT_WITHOUT_INBOX
    if not is_ready_to_send(account, sender.warmup):
        status, _ = public_status(account, sender.warmup)
        return refusals.account_not_ready(status, is_suspended=account.suspended)
    return None
