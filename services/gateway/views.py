"""What a reader sees: accounts, domains and history entries as the projections hold them, before any dialect speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.gateway.views_threads import ThreadAnswerView
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DomainState
from shared.contracts.standing import Status, WarmupLabel
from shared.contracts.warmups import WarmupState

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as its readers see it; `domain` is None until the domain's own facts have arrived."""

    account: AccountState
    account_version: int
    warmup: WarmupState | None
    warmup_version: int
    domain: DomainState | None
    status: Status
    warmup_status: WarmupLabel
    updated_at: datetime
    """The later of the account's and its warmup's last change (S1-22)."""


@dataclass(frozen=True, slots=True)
class DomainView:
    """A claim to a domain as its readers see it."""

    domain: DomainState
    version: int


View = AccountView | DomainView | ThreadAnswerView
"""What the answer to a request is about."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event in the life of an aggregate; `data` holds only what its owner may see."""

    id: UUID
    at: datetime
    type: str
    source: str
    version: int | None
    summary: str
    cause: UUID | None
    request_id: UUID | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `next_cursor` is None on the last one."""

    items: list[Item]
    next_cursor: str | None
