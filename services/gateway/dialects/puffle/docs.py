"""What the OpenAPI document says about each Puffle route: its scope, its headers, its body and its errors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from services.gateway.dialects.puffle.responses import Error
from services.gateway.dialects.puffle.schemas import ID_PATTERN

_SENTENCES = {
    400: ("invalid_request", "The call is malformed; the sentence names what is wrong with it."),
    401: ("unauthorized", "The API key is missing, malformed, unknown or revoked."),
    403: ("forbidden", "The API key lacks the scope of this operation."),
    404: ("not_found", "There is no such thing, or it is not yours."),
    409: ("wrong_state", "The state of things does not allow it."),
    413: ("body_too_large", "The body is larger than 64 KiB."),
    415: ("unsupported_media_type", "The body is not declared as JSON."),
    422: ("idempotency_mismatch", "The Idempotency-Key was used before for a different request."),
    500: ("internal_error", "Something went wrong on our side."),
    502: ("provider_refused", "A provider refused or did not answer."),
    503: ("service_unavailable", "The call cannot be taken at the moment; nothing of it was done."),
}
_ALWAYS = (401, 403, 500, 503)

_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "Names the call; one is made if it is missing or malformed. It is in every response.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same request gives the first answer again, for 7 days. An answer of 500 and "
    "above is not kept: the next call with that key starts afresh.",
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "examples": {"wait": {"value": "wait=10"}, "async": {"value": "respond-async"}},
    "description": "`wait=n` waits up to n seconds (at most 60, default 30) for the final answer, `respond-async` not "
    "at all; after that the call answers 202 and the work goes on.",
}
_PAGING = (
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
    },
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
)
_HEADERS = {"X-Request-Id": {"schema": {"type": "string"}, "description": "Names the call."}}
_ANSWER_HEADERS = {
    **_HEADERS,
    "Preference-Applied": {"schema": {"type": "string"}, "description": "The preference that was honoured."},
    "Idempotent-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "A repeated call.",
    },
}
_PLACE = {"Location": {"schema": {"type": "string"}, "description": "Where to read it."}}


def documented(
    operation: str,
    summary: str,
    *,
    scope: str,
    success: dict[int, type[BaseModel]],
    errors: tuple[int, ...] = (),
    body: type[BaseModel] | None = None,
    waits: bool = False,
    pages: bool = False,
    conflicts: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the route arguments that document an operation; `conflicts` are the codes of its 409."""
    extra: dict[str, Any] = {"x-required-scope": scope}
    parameters = [_REQUEST_ID, *((_IDEMPOTENCY_KEY, _PREFER) if waits else ()), *(_PAGING if pages else ())]
    extra["parameters"] = parameters
    if body is not None:
        schema = body.model_json_schema()
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        errors = (*errors, 413, 415)
    if waits:
        errors = (*errors, 422)
    responses: dict[int | str, dict[str, Any]] = {}
    for status, model in success.items():
        headers = {**(_ANSWER_HEADERS if waits else _HEADERS), **(_PLACE if status in {201, 202} else {})}
        responses[status] = {"model": model, "headers": headers, "description": _SUCCESS[status]}
    for status in sorted({*errors, *_ALWAYS}):
        responses[status] = _error(status, conflicts)
    return {
        "operation_id": operation,
        "summary": summary,
        "status_code": min(success),
        "response_model": success[min(success)],
        "responses": responses,
        "openapi_extra": extra,
    }


_SUCCESS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted; the work goes on. Read `Location` for how it stands.",
}


def id_parameter() -> dict[str, Any]:
    """Return the schema of a path id."""
    return {"pattern": ID_PATTERN, "format": "uuid"}


def _error(status: int, conflicts: tuple[str, ...]) -> dict[str, Any]:
    code, sentence = _SENTENCES[status]
    headers: dict[str, Any] = dict(_HEADERS)
    if status == 503:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    codes = conflicts if status == 409 and conflicts else (code,)
    examples = {
        each: {
            "value": {"error": sentence, "code": each, "request_id": "0199aaaa-0000-7000-8000-000000000009"}
        }
        for each in codes
    }
    return {
        "model": Error,
        "description": sentence,
        "headers": headers,
        "content": {"application/json": {"examples": examples}},
    }
