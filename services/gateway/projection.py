"""How facts become rows: pure functions that fold an event into a projection row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.gateway.projection_rows import Row, fold, version_of
from services.gateway.projection_threads import ThreadRow
from services.gateway.views import AccountView
from shared.contracts.accounts import AccountFact, AccountState, AccountStatus
from shared.contracts.answers import RequestAnswered
from shared.contracts.domains import DomainFact, DomainState, DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.standing import Status, WarmupLabel, public_status
from shared.contracts.warmups import WarmupFact, WarmupState
from shared.db.cas import WriteOutcome, outcome_of


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row of the `account` projection; until the account's own fact arrives nobody sees it."""

    id: UUID
    tenant_id: UUID
    workspace_id: UUID | None
    account: AccountState | None = None
    account_version: int = 0
    warmup: WarmupState | None = None
    warmup_version: int = 0

    @property
    def status(self) -> Status | None:
        """Return the public status, None while only the warmup is known."""
        return public_status(self.account, self.warmup)[0] if self.account else None

    @property
    def warmup_status(self) -> WarmupLabel | None:
        """Return the public warmup status, None while only the warmup is known."""
        return public_status(self.account, self.warmup)[1] if self.account else None

    @property
    def is_deleted(self) -> bool:
        """Return whether this is a tombstone: kept, so that an old event cannot resurrect the account."""
        return self.account is not None and self.account.status is AccountStatus.DELETED

    @property
    def updated_at(self) -> datetime | None:
        """Return the later of the account's and its warmup's last change, None while the account is unknown."""
        if self.account is None:
            return None
        return (
            max(self.account.updated_at, self.warmup.updated_at) if self.warmup else self.account.updated_at
        )


@dataclass(frozen=True, slots=True)
class DomainRow(Row[DomainState]):
    """One row of the `domain` projection."""

    @property
    def is_deleted(self) -> bool:
        """Return whether this is a tombstone, kept as an account's is."""
        return self.state is not None and self.state.status is DomainStatus.DELETED


def fold_account(row: AccountRow, event: Recorded) -> tuple[AccountRow, WriteOutcome]:
    """Apply an account's or warmup's fact; each stream has its own version, and an older version changes nothing.

    Raises:
        TypeError: The event is no such fact.
        ValueError: It carries no version.
    """
    match event.data:
        case AccountFact(account=state):
            version = version_of(event)
            outcome = outcome_of(row.account_version or None, version)
            changed = replace(
                row,
                tenant_id=state.tenant_id,
                workspace_id=state.workspace_id,
                account=state,
                account_version=version,
            )
        case WarmupFact(warmup=state):
            version = version_of(event)
            outcome = outcome_of(row.warmup_version or None, version)
            changed = replace(
                row,
                tenant_id=state.tenant_id,
                workspace_id=state.workspace_id,
                warmup=state,
                warmup_version=version,
            )
        case _:
            raise TypeError(f"{event.data.TYPE} is no fact about an account")
    return (row if outcome is WriteOutcome.DUPLICATE else changed), outcome


def fold_domain(row: DomainRow, event: Recorded) -> tuple[DomainRow, WriteOutcome]:
    """Apply a domain's fact; an older version changes nothing.

    Raises:
        TypeError: The event is no such fact.
        ValueError: It carries no version.
    """
    if not isinstance(event.data, DomainFact):
        raise TypeError(f"{event.data.TYPE} is no fact about a domain")
    state = event.data.domain
    return fold(row, event, state, (state.tenant_id, state.workspace_id))


def is_reached(answer: RequestAnswered, row: AccountRow | DomainRow | ThreadRow | None) -> bool:
    """Return whether the row of the answer's subject shows everything the answer promises."""
    match row:
        case AccountRow():
            versions = {"account": row.account_version, "warmup": row.warmup_version}
        case DomainRow():
            versions = {"domain": row.version}
        case ThreadRow():
            versions = {"thread": row.version}
        case None:
            versions = {}
    return all(versions.get(stream, 0) >= needed for stream, needed in answer.needs.items())


def account_view(row: AccountRow, domain: DomainState | None) -> AccountView | None:
    """Return what a reader sees of this row, None while the account itself is unknown."""
    if row.account is None or row.updated_at is None:
        return None
    status, warmup_status = public_status(row.account, row.warmup)
    return AccountView(
        account=row.account,
        account_version=row.account_version,
        warmup=row.warmup,
        warmup_version=row.warmup_version,
        domain=domain,
        status=status,
        warmup_status=warmup_status,
        updated_at=row.updated_at,
    )
