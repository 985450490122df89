"""Puffle's warmup analytics: the figures of every warmup, and what this caller has not been told yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.dialects.puffle.reads import LONGEST_PAGE
from services.gateway.store_markers import Standing
from services.gateway.views import AccountView
from shared.contracts.standing import Status, WarmupLabel
from shared.contracts.warmups import WarmupState

_SHOWN = frozenset({WarmupLabel.WARMING, WarmupLabel.ACTIVE})
"""Whose figures are shown; besides them, those of an account that just left these states."""
_SETTLED = frozenset({Status.PENDING, Status.WARMING, Status.ACTIVE, Status.PAUSED, Status.ERROR})
"""States that can be told as a transition; the others come before the warmup or after it."""
_ENDS = frozenset({WarmupLabel.ACTIVE, WarmupLabel.BANNED, WarmupLabel.SUSPENDED})
"""Where a warmup leads by itself."""

Json = dict[str, Any]


async def read(call: Call) -> Json:
    """Return `analytics` and `transitions`; only the caller's own read marker moves, never an account.

    A caller that reads an account for the first time is told where its warmup has led since it began.
    """
    views = await _with_warmup(call)
    standings = {each.account.account_id: _standing(each) for each in views if each.status in _SETTLED}
    told = await call.edge.markers.advance(call.caller, standings)
    moved = {
        account_id: now for account_id, now in standings.items() if _has_moved(told.get(account_id), now)
    }
    return {
        "analytics": {
            str(view.account.account_id): figures(view.account.address, view.warmup)
            for view in views
            if view.warmup is not None
            and view.warmup.observed_at is not None
            and (view.warmup_status in _SHOWN or view.account.account_id in moved)
        },
        "transitions": {
            str(account_id): {"warmup_status": now.warmup_status, "status": now.status}
            for account_id, now in moved.items()
        },
    }


def figures(address: str, warmup: WarmupState) -> Json:
    """Return what the provider last told of a warmup."""
    return {
        "email": address,
        "total_sent": warmup.total_sent,
        "total_received": warmup.total_received,
        "health_score": _number(warmup.health_score),
        "health_score_label": warmup.health_label,
        "warmup_reputation": _number(warmup.reputation),
        "instantly_warmup_status": warmup.provider_status,
        "daily_data": [
            {"date": day.date.isoformat(), "sent": day.sent, "received": day.received} for day in warmup.days
        ],
    }


async def _with_warmup(call: Call) -> list[AccountView]:
    found: list[AccountView] = []
    after: UUID | None = None
    async with call.edge.reader.bound(call.caller) as connection:
        while True:
            page = await queries.accounts_with_warmup(
                connection, caller=call.caller, after=after, limit=LONGEST_PAGE
            )
            found += page
            if len(page) < LONGEST_PAGE:
                return found
            after = page[-1].account.account_id


def _standing(view: AccountView) -> Standing:
    return Standing(view.status.value, view.warmup_status.value, view.account_version + view.warmup_version)


def _has_moved(told: Standing | None, now: Standing) -> bool:
    if told is None:
        return now.warmup_status in _ENDS
    return now.version > told.version and now.state != told.state


def _number(value: float | None) -> float | int | None:
    """Return a score as a whole number where it is one."""
    return int(value) if value is not None and value.is_integer() else value
