"""How Puffle shows accounts, domains and histories."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from services.gateway.dialects.wire import instant
from services.gateway.queries_messages import Sends
from services.gateway.requests.model import RequestKind
from services.gateway.views import AccountView, DomainView, HistoryEntry
from shared.contracts.accounts import Failure

Json = dict[str, Any]

ACCOUNTS = "/api/email/accounts"
DOMAINS = "/api/email/domains"

OTHER_CHANNELS = (
    "provider_account_id", "profile_url", "is_premium", "has_sales_navigator", "weekly_connection_limit",
    "weekly_message_limit",
)  # fmt: skip

SCHEDULED_DAYS = 14

REMOVALS = frozenset({RequestKind.ACCOUNT_DELETE, RequestKind.DOMAIN_DELETE, RequestKind.THREAD_ERASE})
GONE = {"success": True}
"""The answer to a removal: what it was about cannot be shown any more."""


def account_json(view: AccountView) -> Json:
    """Return an account as every Puffle route shows it: one superset of fields everywhere (S0-41, S1-20)."""
    account = view.account
    return {
        "id": str(account.account_id),
        "user_id": str(account.user_id),
        "type": "email",
        "domain_id": str(account.domain_id),
        "email_address": account.address or None,
        "agentmail_inbox_id": account.inbox_id,
        "instantly_account_id": account.sender_id,
        "status": view.status.value,
        "warmup_status": view.warmup_status.value,
        "display_name": account.display_name,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "signature": account.signature,
        "instantly_tag_id": account.account_tag_id,
        "instantly_warmup_tag_id": account.warmup_tag_id,
        "daily_limit": account.daily_limit,
        "created_at": instant(account.created_at),
        "updated_at": instant(view.updated_at),
        "failure": failure_json(account.failure),
        "email_domains": {
            "id": str(account.domain_id),
            "domain": account.domain or None,
            "status": view.domain.status.value if view.domain else None,
        },
    }


def wide_json(account: Json) -> Json:
    """Return an account among those of every channel: with the fields that only other channels fill."""
    return {**account, **dict.fromkeys(OTHER_CHANNELS)}


def sender_json(account: Json, sends: Sends) -> Json:
    """Return an account with what it sent today, and what it is about to send."""
    return {
        "account": {
            **wide_json(account),
            "stats": {"today_sent": sends.sent, "today_committed": sends.queued},
        },
        "campaigns": [],
        "mappings": [],
    }


def schedule_json(account: Json, sends: Sends, today: date) -> Json:
    """Return how much an account may still send on each of the next two weeks' days of UTC, today first.

    One that may not send has no capacity on any day: nobody can promise when it will.
    """
    capacity = account["daily_limit"] if account["status"] == "active" else 0
    days = {}
    for number in range(SCHEDULED_DAYS):
        sent, committed = (0, 0) if number else (sends.sent, sends.queued)
        days[(today + timedelta(days=number)).isoformat()] = {
            "capacity": capacity,
            "sent": sent,
            "committed": committed,
            "remaining": max(0, capacity - sent - committed),
        }
    return {"account_id": account["id"], "daily_limit": account["daily_limit"], "schedule": days}


def domain_json(view: DomainView) -> Json:
    """Return a domain as every Puffle route shows it."""
    domain = view.domain
    return {
        "id": str(domain.domain_id),
        "user_id": str(domain.user_id),
        "domain": domain.domain,
        "agentmail_domain_id": domain.provider_domain_id,
        "status": domain.status.value,
        "dns_records": [record.model_dump(exclude_none=True) for record in domain.dns_records],
        "verified_at": instant(domain.verified_at),
        "created_at": instant(domain.created_at),
        "updated_at": instant(domain.updated_at),
        "failure": failure_json(domain.failure),
    }


def history_json(entry: HistoryEntry) -> Json:
    """Return one event of an account's life; `event` is its type without our name and version."""
    return {
        "id": str(entry.id),
        "time": instant(entry.at),
        "event": entry.type.removeprefix("mailwright.").rsplit(".", 1)[0],
        "sentence": entry.summary,
        "source": entry.source,
        "version": entry.version,
        "cause": str(entry.cause) if entry.cause else None,
        "request": str(entry.request_id) if entry.request_id else None,
        "data": entry.data,
    }


def failure_json(failure: Failure | None) -> dict[str, str] | None:
    """Return why something failed."""
    return failure.model_dump() if failure else None
