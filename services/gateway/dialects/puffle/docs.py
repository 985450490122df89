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
    413: "The body is larger than 64 KiB.",
    415: "The body is not declared as what it has to be.",
    422: "The Idempotency-Key was used before for a different request.",
    429: "The API key has made too many calls.",
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
    "body_too_large": "The body is larger than 65536 bytes.",
    "unsupported_media_type": "The body must be sent with the header Content-Type: application/json.",
    "idempotency_mismatch": "The Idempotency-Key was used before for a different request.",
    "rate_limit_exceeded": "The API key has made too many calls; wait until the time in Retry-After is over.",
    "file_too_large": "The file is larger than 10 MB.",
    "thread_not_editable": "Nothing can be attached in a thread that is archived.",
    "storage_unavailable": "The file storage cannot be used at the moment; try again shortly.",
    "internal_error": "Something went wrong on our side.",
    "enabled_not_recorded": EXACT_MESSAGES["enabled_not_recorded"],
    "provider_refused": "The provider refused.",
    "provider_unavailable": "The provider did not answer.",
    "service_unavailable": "The service cannot take this call at the moment; try again shortly.",
}
_EXTRAS = {
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
    codes: dict[int, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Return the route arguments that document an operation; `codes` are its codes beyond a status's usual ones.

    An operation `uploads` if its body is a form with one file.
    """
    extra: dict[str, Any] = {"x-required-scope": scope}
    parameters = [_REQUEST_ID, *((_IDEMPOTENCY_KEY, PREFER) if waits else ()), *(_PAGING if pages else ())]
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
