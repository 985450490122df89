"""How Puffle shows accounts, domains and histories, and how it words the final answer of a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.gateway.dialects.puffle.errors import (
    EXACT_MESSAGES,
    SHOWN_AS,
    SHOWN_DETAILS,
    STATUS_OF_CODE,
    encode,
    error_body,
)
from services.gateway.errors import ApiError
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.views import AccountView, DomainView, HistoryEntry
from shared.contracts.accounts import Failure
from shared.contracts.answers import Outcome, RequestAnswered

Json = dict[str, Any]

JSON = "application/json"
ACCOUNTS = "/api/email/accounts"
DOMAINS = "/api/email/domains"

OTHER_CHANNELS = (
    "provider_account_id", "profile_url", "is_premium", "has_sales_navigator", "weekly_connection_limit",
    "weekly_message_limit",
)  # fmt: skip
SENDS_NOTHING_YET = {"today_sent": 0, "today_committed": 0}
"""Mail is sent through threads and campaigns, and there are neither: no account has sent anything."""

REMOVALS = frozenset({RequestKind.ACCOUNT_DELETE, RequestKind.DOMAIN_DELETE})
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


def sender_json(account: Json) -> Json:
    """Return an account with what it sends."""
    return {
        "account": {**wide_json(account), "stats": dict(SENDS_NOTHING_YET)},
        "campaigns": [],
        "mappings": [],
    }


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


def instant(value: datetime | None) -> str | None:
    """Return an instant in UTC with a `Z` (S0-43)."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def render_answer(
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView | DomainView | None,
    _secrets: Secrets | None = None,
) -> StoredResponse:
    """Return the response that every call waiting for this request gets."""
    if answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        return _refusal(request, answer, view)
    if request.kind in REMOVALS:
        return StoredResponse(200, {"Content-Type": JSON}, encode(GONE), subject_id=answer.subject_id)
    if view is None:
        gone = answer.model_copy(
            update={"code": "not_found", "message": "What the request was about is gone."}
        )
        return _refusal(request, gone, None)
    if isinstance(view, AccountView):
        body, place = {"account": account_json(view)}, f"{ACCOUNTS}/{view.account.account_id}"
    else:
        body, place = {"domain": domain_json(view)}, f"{DOMAINS}/{view.domain.domain_id}"
    status = _success_status(request.kind, answer.outcome)
    headers = {"Content-Type": JSON, **({"Location": place} if status == 201 else {})}
    return StoredResponse(status, headers, encode(body), subject_id=answer.subject_id)


def _success_status(kind: RequestKind, outcome: Outcome) -> int:
    match kind:
        case RequestKind.ACCOUNT_CREATE | RequestKind.DOMAIN_CREATE:
            return 200 if outcome is Outcome.MATCHED else 201
        case _:
            return 200


def _refusal(
    request: OpenRequest, answer: RequestAnswered, view: AccountView | DomainView | None
) -> StoredResponse:
    code = answer.code or "internal_error"
    code = SHOWN_AS.get(code, code)
    status = STATUS_OF_CODE.get(code, 500)
    message = EXACT_MESSAGES.get(code) or answer.message or "The request could not be done."
    extras = {name: _shown(name, answer.details[name]) for name in SHOWN_DETAILS if name in answer.details}
    if code == "wrong_state" and isinstance(view, AccountView):
        extras |= {"status": view.status.value, "warmup_status": view.warmup_status.value}
    error = ApiError(status, code, message, extras=extras)
    return StoredResponse(
        status,
        {"Content-Type": JSON},
        error_body(error, request.call_id),
        code=code,
        message=message,
        subject_id=answer.subject_id,
    )


def _shown(name: str, value: Any) -> Any:
    return instant(datetime.fromisoformat(value)) if name.endswith("_at") and value else value
