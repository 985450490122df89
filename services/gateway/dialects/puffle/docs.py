"""What the OpenAPI document says about each Puffle route: its scope, its headers, its body and its errors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from services.gateway.dialects.documents import ANSWER_HEADERS, HEADERS, PLACE, PREFER, SUCCESS
from services.gateway.dialects.puffle.errors import EXACT_MESSAGES
from services.gateway.dialects.puffle.responses import Error
from services.gateway.dialects.puffle.schemas import ID_PATTERN

_DESCRIPTIONS = {
    400: "The call is malformed or cannot be done as asked; the sentence names what is wrong with it.",
    401: "The API key is missing, malformed, unknown or revoked.",
    403: "The API key lacks the scope of this operation.",
    404: "There is no such thing, or it is not yours.",
    409: "The state of things does not allow it.",
    413: "The body is larger than it may be: 64 KiB, 1 MiB where mail is written, 10 MiB for a file.",
    415: "The body is not declared as what it has to be.",
    422: "It cannot be done as things stand, or the Idempotency-Key was used before for a different request.",
    429: "The API key has made too many calls, or the sender has sent all that it may today.",
    500: "Something went wrong on our side.",
    502: "A provider refused or did not answer.",
    503: "The call cannot be taken at the moment. Try again, with the same Idempotency-Key if it asks for something.",
}
_EXAMPLES = {
    "invalid_request": 'The field "username" is required.',
    "invalid_json": "The body is not valid JSON.",
    "unknown_field": 'The field "first_nmae" is not known.',
    "domain_not_verified": "The domain is not verified.",
    "unauthorized": "The API key is missing, malformed, unknown or revoked.",
    "forbidden": "The API key does not have the scope accounts:write.",
    "not_found": "There is no such account.",
    "address_taken": "The address is taken.",
    "address_burned": "The address was used by an account that is gone, and cannot be used again.",
    "account_deleted": "The account was deleted while it was being created.",
    "domain_taken": "The domain was verified by somebody else.",
    "wrong_state": "Warmup can be retried only while the account is pending and its warmup has not started.",
    "invalid_attachments": "The attachments must name files that were uploaded in this workspace.",
    "body_missing": "The message has no text.",
    "thread_exists": "This sender already has a thread with this recipient; open it and send there instead of creating "
    "another one.",
    "thread_erased": "The thread was erased before the message was sent.",
    "message_under_way": "A message of this thread is being sent; try again once that has come to an end.",
    "account_not_email": "The account is not an email account.",
    "account_without_inbox": "The account has no sending inbox.",
    "account_not_ready": "The account is not ready to send: its status is warming, not active.",
    "account_missing": "The thread has no sender: give an account_id.",
    "account_mismatch": "The thread has another sender; change the thread's account_id first, or leave it out here.",
    "participant_missing": "The thread has no participant_email to send to.",
    "subject_missing": "A new mail needs a subject, and the thread has none.",
    "thread_not_sendable": "Nothing can be sent in this thread: it is archived.",
    "nothing_to_reply_to": "There is no message in this thread that its sender could reply to.",
    "recipient_suppressed": "Mail to a recipient is held back, because an earlier message to that address bounced.",
    "daily_limit_reached": "The account has reached its limit of 30 messages for today.",
    "message_refused": "The provider refused the message.",
    "body_too_large": "The body is larger than 65536 bytes.",
    "unsupported_media_type": "The body must be sent with the header Content-Type: application/json.",
    "idempotency_mismatch": "The Idempotency-Key was used before for a different request.",
    "rate_limit_exceeded": "The API key has made too many calls; wait until the time in Retry-After is over.",
    "file_too_large": "The file is larger than 10 MB.",
    "thread_not_editable": "Nothing can be attached in a thread that is warmup.",
    "storage_unavailable": "The file storage cannot be used at the moment; try again shortly.",
    "internal_error": "Something went wrong on our side.",
    "enabled_not_recorded": EXACT_MESSAGES["enabled_not_recorded"],
    "provider_refused": "The provider refused.",
    "provider_unavailable": "The provider did not answer.",
    "service_unavailable": "The service cannot take this call at the moment; try again shortly.",
}
_AT = "2026-03-01T00:00:00Z"
_SUMMARY = {
    "id": "0199aaaa-0000-7000-8000-000000000005",
    "user_id": "0199aaaa-0000-7000-8000-00000000000e",
    "channel": "email",
    "status": "active",
    "inbox_state": "sent_one_off",
    "account_id": "0199aaaa-0000-7000-8000-000000000001",
    "campaign_id": None,
    "participant_email": "grace@example.com",
    "participant_name": "Grace Hopper",
    "sent_count": 1,
    "received_count": 0,
    "unread_count": 0,
    "bounced": False,
    "last_message_at": _AT,
    "last_message_direction": "outbound",
    "last_inbound_at": None,
    "created_at": _AT,
    "updated_at": _AT,
}
_NO_DRAFT: dict[str, Any] = {
    **dict.fromkeys(("draft_subject", "draft_body_text", "draft_body_html", "draft_cc", "draft_bcc")),
    "draft_attachments": [],
}
_EXTRAS: dict[str, dict[str, Any]] = {
    "thread_exists": {
        "existing_thread": {**_SUMMARY, **_NO_DRAFT},
        "existing_threads": {"exists": True, "total": 1, "threads": [_SUMMARY]},
    },
    "account_not_ready": {"status": "warming", "suspended": False},
    "thread_not_sendable": {"status": "archived"},
    "thread_not_editable": {"status": "warmup"},
    "recipient_suppressed": {"address": "grace@example.com", "reason": "bounced", "suppressed_at": _AT},
    "daily_limit_reached": {"limit": 30, "resets_at": "2026-03-02T00:00:00Z"},
    "address_burned": {"reason": "deleted", "burned_at": "2026-03-01T00:00:00Z"},
    "wrong_state": {"status": "warming", "warmup_status": "warming"},
}
_USUAL_CODES = {
    400: ("invalid_request",),
    401: ("unauthorized",),
    403: ("forbidden",),
    404: ("not_found",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_mismatch",),
    429: ("rate_limit_exceeded",),
    500: ("internal_error",),
    502: ("provider_refused",),
    503: ("service_unavailable",),
}
_ALWAYS = (401, 403, 429, 500, 503)

_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "schema": {"type": "string"},
    "description": "Names the call: 1 to 128 printable characters. One is made if it is missing or anything else. It is in "
    "every response.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "The same key with the same request gives the first answer again, for 7 days. An answer of 500 and "
    "above is not kept: the next call with that key starts afresh.",
}
_FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
    "additionalProperties": False,
}
_PAGING = (
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 500},
        "description": "How many to show; left out, all of them, up to 10000.",
    },
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
)


def documented(
    operation: str,
    summary: str,
    *,
    scope: str,
    success: dict[int, type[BaseModel]],
    errors: tuple[int, ...] = (),
    body: type[BaseModel] | None = None,
    is_body_required: bool = True,
    waits: bool = False,
    uploads: bool = False,
    pages: bool = False,
    query: tuple[dict[str, Any], ...] = (),
    codes: dict[int, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Return the route arguments that document an operation; `codes` are its codes beyond a status's usual ones.

    An operation `uploads` if its body is a form with one file.
    """
    extra: dict[str, Any] = {"x-required-scope": scope}
    parameters = [
        _REQUEST_ID,
        *((_IDEMPOTENCY_KEY, PREFER) if waits else ()),
        *(_PAGING if pages else ()),
        *query,
    ]
    extra["parameters"] = parameters
    if uploads:
        parameters.append(_IDEMPOTENCY_KEY)
        extra["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}}
        errors = (*errors, 415, 422)
    if body is not None:
        schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
        extra["requestBody"] = {
            "required": is_body_required,
            "content": {"application/json": {"schema": schema}},
        }
        errors = (*errors, 413, 415)
        codes = {**(codes or {}), 400: ("invalid_json", "unknown_field", *(codes or {}).get(400, ()))}
    if waits:
        errors = (*errors, 422)
    responses: dict[int | str, dict[str, Any]] = {}
    for status, model in success.items():
        headers = {**(ANSWER_HEADERS if waits else HEADERS), **(PLACE if status in {201, 202} else {})}
        responses[status] = {"model": model, "headers": headers, "description": SUCCESS[status]}
    for status in sorted({*errors, *(codes or {}), *_ALWAYS}):
        responses[status] = _error(status, (*_USUAL_CODES.get(status, ()), *(codes or {}).get(status, ())))
    return {
        "operation_id": operation,
        "summary": summary,
        "status_code": min(success),
        "response_model": success[min(success)],
        "responses": responses,
        "openapi_extra": extra,
    }


def id_parameter() -> dict[str, Any]:
    """Return the schema of a path id."""
    return {"pattern": ID_PATTERN, "format": "uuid"}


def _error(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    headers: dict[str, Any] = dict(HEADERS)
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    call_id = "0199aaaa-0000-7000-8000-000000000009"
    examples = {
        code: {
            "value": {"error": _EXAMPLES[code], "code": code, "request_id": call_id, **_EXTRAS.get(code, {})}
        }
        for code in codes
    }
    return {
        "model": Error,
        "description": _DESCRIPTIONS[status],
        "headers": headers,
        "content": {"application/json": {"examples": examples}},
    }
