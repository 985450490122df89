"""What readers see of selected rows: accounts, domains and history entries."""

from __future__ import annotations

from typing import Any

from services.gateway.history import public_data, summary
from services.gateway.projection import AccountRow, account_view
from services.gateway.views import AccountView, DomainView, HistoryEntry
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DomainState
from shared.contracts.warmups import WarmupState


def account_of(row: Any) -> AccountView:
    """Return the account that a record with its domain's state holds."""
    view = account_view(
        account_row(row), DomainState.model_validate_json(row["domain"]) if row["domain"] else None
    )
    if view is None:
        raise LookupError(f"account {row['id']} is visible but has no state")
    return view


def account_row(row: Any) -> AccountRow:
    """Return the projection row that a selected record holds; its states are selected as text."""
    return AccountRow(
        id=row["id"],
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        account=AccountState.model_validate_json(row["account"]) if row["account"] else None,
        account_version=row["account_version"],
        warmup=WarmupState.model_validate_json(row["warmup"]) if row["warmup"] else None,
        warmup_version=row["warmup_version"],
    )


def domain_of(row: Any) -> DomainView:
    """Return the claim to a domain that a record holds."""
    return DomainView(DomainState.model_validate_json(row["state"]), row["version"])


def entry_of(row: Any) -> HistoryEntry:
    """Return the history entry that a record of an event holds."""
    return HistoryEntry(
        id=row["event_id"],
        at=row["event_time"],
        type=row["type"],
        source=row["source"],
        version=row["sequence"],
        summary=summary(row["type"], row["data"]),
        cause=row["causation_id"],
        request_id=row["request_id"],
        data=public_data(row["data"]),
    )
