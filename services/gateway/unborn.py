"""What is not there yet, or never will be: accounts and domains read from the requests that are to make them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway.projection import AccountRow, account_view
from services.gateway.requests.reads import Creation
from services.gateway.views import AccountView, DomainView
from shared.contracts.accounts import AccountRequested, AccountState, AccountStatus, Failure
from shared.contracts.domains import DomainRequested, DomainState, DomainStatus


def unborn_account(creation: Creation, domain: DomainView | None) -> AccountView:
    """Return the account a request is to make: `provisioning` while it is open, `failed` once it was refused.

    Its address is empty while its domain is unknown.
    """
    asked = AccountRequested.model_validate(creation.data)
    name = domain.domain.domain if domain else asked.domain or ""
    state = AccountState(
        plan=asked.plan,
        status=AccountStatus.RESERVED if creation.is_open else AccountStatus.FAILED,
        account_id=creation.subject_id,
        username=asked.username or "",
        address=f"{asked.username}@{name}" if asked.username and name else "",
        domain_id=domain.domain.domain_id if domain else asked.domain_id or UUID(int=0),
        domain=name,
        display_name=asked.display_name,
        first_name=asked.first_name,
        last_name=asked.last_name,
        quota_bytes=asked.quota_bytes,
        send_scope=asked.send_scope,
        **_owned(creation, asked),
    )
    row = AccountRow(state.account_id, state.tenant_id, state.workspace_id, state)
    view = account_view(row, domain.domain if domain else None)
    if view is None:
        raise LookupError("an account that has a state has a view")
    return view


def unborn_domain(creation: Creation) -> DomainView:
    """Return the claim a request is to make: `pending` while it is open, `failed` once it was refused."""
    asked = DomainRequested.model_validate(creation.data)
    state = DomainState(
        domain_id=creation.subject_id,
        domain=asked.domain,
        status=DomainStatus.PENDING if creation.is_open else DomainStatus.FAILED,
        **_owned(creation, asked),
    )
    return DomainView(state, 0)


def _owned(creation: Creation, asked: AccountRequested | DomainRequested) -> dict[str, Any]:
    failure = Failure(code=creation.code, message=creation.message or "") if creation.code else None
    return {
        "tenant_id": asked.caller.tenant_id,
        "workspace_id": asked.workspace_id,
        "user_id": creation.user_id,
        "dialect": asked.caller.dialect,
        "created_at": creation.accepted_at,
        "updated_at": creation.answered_at or creation.accepted_at,
        "failure": failure,
    }
