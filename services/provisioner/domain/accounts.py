"""Accounts: who may have which address, and what a new account looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.accounts import AccountRequested, AccountState, AccountStatus, Naming
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller, Dialect


@dataclass(frozen=True, slots=True)
class DomainClaim:
    """A claim to a domain, as far as accounts care; a platform domain is open to every tenant in every dialect."""

    id: UUID
    tenant_id: UUID
    workspace_id: UUID
    dialect: Dialect
    domain: str
    is_verified: bool
    is_platform: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an address: a live account, or, once it is burned, nobody ever again."""

    account_id: UUID
    is_burned: bool
    reason: str | None = None
    burned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """A new account together with the fact that announces it."""

    account: AccountState
    fact: Recorded
    request: Recorded
    naming: Naming
    asked_name: str
    """The name that was asked for; the account's may be another one made of it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not granted: a stable code, a sentence that is safe to show, and documented extras."""

    code: str
    message: str
    details: dict[str, Any]


NOT_FOUND = Refusal("account_not_found", "There is no such account.", {})


def refusal_of(request_id: UUID, subject_id: UUID, refusal: Refusal) -> AccountRequestAnswered:
    """Return the answer to a request that is refused at once."""
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=subject_id,
        code=refusal.code,
        message=refusal.message,
        details=refusal.details,
    )


def refuse_by_claim(
    claim: DomainClaim | None, tenant_id: UUID, workspace_id: UUID, dialect: Dialect, *, named: object
) -> Refusal | None:
    """Return why this workspace may not use the domain in this dialect, or None (S0-17, S0-18, S0-19, S4-9)."""
    if claim is None or not (
        claim.is_platform
        or (claim.tenant_id, claim.workspace_id, claim.dialect) == (tenant_id, workspace_id, dialect)
    ):
        return Refusal("domain_not_found", f"There is no domain {named} in this workspace.", {})
    if not claim.is_verified:
        return Refusal("domain_not_verified", f"The domain {claim.domain} is not verified.", {})
    return None


def refuse_by_holder(address: str, holder: Holder) -> Refusal:
    """Return why an address that somebody holds cannot be reserved (S0-38, S0-39)."""
    if not holder.is_burned:
        return Refusal("address_taken", f"The address {address} is in use.", {})
    return Refusal(
        "address_burned",
        f"The address {address} was used before and cannot be used again.",
        {
            "reason": holder.reason,
            "burned_at": holder.burned_at.isoformat() if holder.burned_at is not None else None,
        },
    )


def may_see(caller: Caller, account: AccountState) -> bool:
    """Return whether an account is one that the caller's key knows of: its tenant's, its workspace's, its dialect's."""
    return (
        caller.tenant_id == account.tenant_id
        and caller.workspace_id in {None, account.workspace_id}
        and caller.dialect is account.dialect
    )


def new_account(
    account_id: UUID, request: AccountRequested, claim: DomainClaim, username: str, at: datetime
) -> AccountState:
    """Return the account a granted request begins with (S0-11, S0-13, S0-25)."""
    names = [name for name in (request.first_name, request.last_name) if name]
    return AccountState(
        account_id=account_id,
        tenant_id=request.caller.tenant_id,
        workspace_id=request.workspace_id,
        user_id=request.caller.user_id,
        dialect=request.caller.dialect,
        plan=request.plan,
        status=AccountStatus.RESERVED,
        address=f"{username}@{claim.domain}",
        username=username,
        domain_id=claim.id,
        domain=claim.domain,
        display_name=request.display_name or " ".join(names) or None,
        first_name=request.first_name,
        last_name=request.last_name,
        quota_bytes=request.quota_bytes,
        send_scope=request.send_scope,
        created_at=at,
        updated_at=at,
    )


def sender_names(account: AccountState) -> tuple[str, str]:
    """Return a first and a last name for providers that insist on both; neither is ever empty."""
    words = (account.display_name or re.sub(r"[._-]+", " ", account.username).title()).split()
    first = account.first_name or (words[0] if words else account.username)
    last = account.last_name or " ".join(words[1:]) or account.domain.split(".")[0].title()
    return first, last
