"""Events as the gateway receives them: facts about one account, its warmup and its domain, and answers to requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from shared.contracts.accounts import (
    AccountDeleted,
    AccountFact,
    AccountProvisioned,
    AccountReserved,
    AccountState,
    AccountStatus,
    InboxCreated,
    Plan,
    Step,
)
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.domains import DomainFact, DomainState, DomainStatus, DomainVerified
from shared.contracts.envelope import Event, Received, Recorded
from shared.contracts.requests import Caller, Dialect
from shared.contracts.warmups import WarmupFact, WarmupStarted, WarmupState, WarmupStatus

START = datetime(2026, 3, 1, tzinfo=UTC)
TENANT = UUID(int=0xA)
WORKSPACE = UUID(int=0xB)
DOMAIN = UUID(int=0xD)
CALLER = Caller(
    tenant_id=TENANT, workspace_id=None, user_id=UUID(int=0xE), key_id="key", dialect=Dialect.PUFFLE
)
"""A caller who sees the whole tenant."""
PUFFLE = Plan(steps=tuple(Step), warmup=True)

_ids: Iterator[int] = count(1)


def account_state(
    account_id: UUID, status: AccountStatus = AccountStatus.RESERVED, **changes: Any
) -> AccountState:
    return AccountState(
        **{
            "account_id": account_id,
            "tenant_id": TENANT,
            "workspace_id": WORKSPACE,
            "user_id": UUID(int=0xC),
            "dialect": Dialect.PUFFLE,
            "plan": PUFFLE,
            "status": status,
            "address": f"a{account_id.int}@example.com",
            "username": f"a{account_id.int}",
            "domain_id": DOMAIN,
            "domain": "example.com",
            "created_at": START,
            "updated_at": START,
            "credential_ref": UUID(int=0x5EC),
            **changes,
        }
    )


def warmup_state(
    account_id: UUID, status: WarmupStatus = WarmupStatus.WARMING, **changes: Any
) -> WarmupState:
    return WarmupState(
        **{
            "account_id": account_id,
            "tenant_id": TENANT,
            "workspace_id": WORKSPACE,
            "address": f"a{account_id.int}@example.com",
            "status": status,
            "created_at": START,
            "updated_at": START,
            **changes,
        }
    )


def domain_state(
    domain_id: UUID = DOMAIN, status: DomainStatus = DomainStatus.VERIFIED, **changes: Any
) -> DomainState:
    return DomainState(
        **{
            "domain_id": domain_id,
            "tenant_id": TENANT,
            "workspace_id": WORKSPACE,
            "user_id": UUID(int=0xC),
            "dialect": Dialect.PUFFLE,
            "domain": "example.com",
            "status": status,
            "created_at": START,
            "updated_at": START,
            **changes,
        }
    )


def recorded(data: Event, subject: UUID, sequence: int | None = None, **changes: Any) -> Recorded:
    """An event with a fresh id; later calls make later events."""
    number = next(_ids)
    return Recorded(
        **{
            "id": UUID(int=(0xE << 64) + number),
            "subject": subject,
            "time": START + timedelta(milliseconds=number),
            "tenant_id": TENANT,
            "workspace_id": WORKSPACE,
            "data": data,
            "sequence": sequence,
            **changes,
        }
    )


def received(event: Recorded, source: str = "provisioner") -> Received:
    return Received(event, source, event.data.TOPIC, 0, 0)


def account_fact(
    account_id: UUID, version: int, status: AccountStatus = AccountStatus.RESERVED, **changes: Any
) -> Recorded:
    """Version `version` of an account; its state tells the version by the time of its last change."""
    kinds: dict[AccountStatus, type[AccountFact]] = {
        AccountStatus.RESERVED: AccountReserved if version == 1 else InboxCreated,
        AccountStatus.PROVISIONED: AccountProvisioned,
        AccountStatus.DELETED: AccountDeleted,
    }
    state = account_state(account_id, status, **{"updated_at": START + timedelta(seconds=version), **changes})
    return recorded(kinds[status](account=state), account_id, version)


def warmup_fact(
    account_id: UUID, version: int, status: WarmupStatus = WarmupStatus.WARMING, **changes: Any
) -> Recorded:
    state = warmup_state(account_id, status, **{"updated_at": START + timedelta(minutes=version), **changes})
    data: WarmupFact = WarmupStarted(warmup=state)
    return recorded(data, account_id, version)


def domain_fact(
    domain_id: UUID, version: int, status: DomainStatus = DomainStatus.VERIFIED, **changes: Any
) -> Recorded:
    state = domain_state(domain_id, status, **{"updated_at": START + timedelta(seconds=version), **changes})
    data: DomainFact = DomainVerified(domain=state)
    return recorded(data, domain_id, version)


def account_answer(request_id: UUID, subject: UUID, needs: dict[str, int], **changes: Any) -> Recorded:
    data = AccountRequestAnswered(
        **{
            "request_id": request_id,
            "outcome": Outcome.DONE,
            "subject_id": subject,
            "needs": needs,
            **changes,
        }
    )
    return recorded(data, subject, request_id=request_id)
