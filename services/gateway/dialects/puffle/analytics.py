"""Puffle's warmup analytics: the figures of every warmup, and what this caller has not been told yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.dialects.puffle.reads import LONGEST_PAGE
from services.gateway.dialects.wire import instant
from services.gateway.figures_age import age_of
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
    now, day_seconds = call.edge.clock.now(), call.edge.day_seconds
    moved = {
        account_id: standing
        for account_id, standing in standings.items()
        if _has_moved(told.get(account_id), standing)
    }
    return {
        "analytics": {
            str(view.account.account_id): {
                "email": view.account.address,
                **figures(view.warmup, now, day_seconds),
            }
            for view in views
            if view.warmup is not None
            and view.warmup.observed_at is not None
            and (view.warmup_status in _SHOWN or view.account.account_id in moved)
        },
        "transitions": {
            str(account_id): {"warmup_status": standing.warmup_status, "status": standing.status}
            for account_id, standing in moved.items()
        },
    }


def figures(warmup: WarmupState | None, now: datetime, day_seconds: float) -> Json:
    """Return what the provider last told of a warmup, however long ago, with how long ago that was (S1-32)."""
    age = age_of(warmup.observed_at if warmup else None, now, day_seconds)
    return {
        "total_sent": warmup.total_sent if warmup else 0,
        "total_received": warmup.total_received if warmup else 0,
        "health_score": number(warmup.health_score) if warmup else None,
        "health_score_label": warmup.health_label if warmup else None,
        "warmup_reputation": number(warmup.reputation) if warmup else None,
        "instantly_warmup_status": warmup.provider_status if warmup else None,
        "daily_data": [
            {"date": day.date.isoformat(), "sent": day.sent, "received": day.received}
            for day in (warmup.days if warmup else ())
        ],
        "observed_at": instant(warmup.observed_at) if warmup else None,
        "age_seconds": age.seconds,
        "is_stale": age.is_stale,
    }


def number(value: float | None) -> float | int | None:
    """Return a score as a whole number where it is one."""
    return int(value) if value is not None and value.is_integer() else value


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
