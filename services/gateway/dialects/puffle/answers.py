"""How Puffle words the final answer of a request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.gateway.dialects.puffle import answers_threads
from services.gateway.dialects.puffle.errors import (
    EXACT_MESSAGES,
    SHOWN_AS,
    SHOWN_DETAILS,
    STATUS_OF_CODE,
    error_body,
)
from services.gateway.dialects.puffle.render import (
    ACCOUNTS,
    DOMAINS,
    GONE,
    REMOVALS,
    account_json,
    domain_json,
)
from services.gateway.dialects.wire import JSON, encode, instant
from services.gateway.errors import ApiError
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.views import AccountView, View
from services.gateway.views_threads import ThreadAnswerView
from shared.contracts.answers import Outcome, RequestAnswered


def render_answer(
    request: OpenRequest,
    answer: RequestAnswered,
    view: View | None,
    _secrets: Secrets | None = None,
) -> StoredResponse:
    """Return the response that every call waiting for this request gets."""
    if answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        return _refusal(request, answer, view)
    if request.kind in REMOVALS | {RequestKind.SUPPRESSION_REMOVE}:
        return StoredResponse(200, {"Content-Type": JSON}, encode(GONE), subject_id=answer.subject_id)
    if isinstance(view, ThreadAnswerView):
        return answers_threads.done(request, answer, view)
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


def _refusal(request: OpenRequest, answer: RequestAnswered, view: View | None) -> StoredResponse:
    code = answer.code or "internal_error"
    code = SHOWN_AS.get(code, code)
    status = STATUS_OF_CODE.get(code, 500)
    message = EXACT_MESSAGES.get(code) or answer.message or "The request could not be done."
    extras: dict[str, Any] = {
        name: _shown(name, answer.details[name]) for name in SHOWN_DETAILS if name in answer.details
    }
    headers = {"Content-Type": JSON}
    if isinstance(view, ThreadAnswerView):
        extras |= answers_threads.refused(code, view)
    if status == 429 and "resets_at" in answer.details:
        headers["Retry-After"] = answers_threads.seconds_until(
            answer.details["resets_at"], request.accepted_at
        )
    if code == "wrong_state" and isinstance(view, AccountView):
        extras |= {"status": view.status.value, "warmup_status": view.warmup_status.value}
    error = ApiError(status, code, message, extras=extras)
    return StoredResponse(
        status,
        headers,
        error_body(error, request.call_id),
        code=code,
        message=message,
        subject_id=answer.subject_id,
    )


def _shown(name: str, value: Any) -> Any:
    return instant(datetime.fromisoformat(value)) if name.endswith("_at") and value else value
