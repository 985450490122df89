"""What the OpenAPI document says about each Sendmux route: its permission, its headers, its body and its errors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from services.gateway.dialects.documents import SUCCESS
from services.gateway.dialects.sendmux.responses import SendmuxError

_ERRORS: dict[int, tuple[str, dict[str, str]]] = {
    400: (
        "The call is malformed; `errors` names every field that does not fit.",
        {
            "missing_parameter": 'The field "email" is required.',
            "invalid_parameter": 'The field "quota_bytes" must not be less than 1.',
        },
    ),
    401: (
        "The API key is missing, malformed, unknown or revoked.",
        {"authentication_required": "The API key is missing, malformed, unknown or revoked."},
    ),
    403: (
        "The API key lacks the permission of this operation, as every key of a mailbox does.",
        {"insufficient_permissions": "The API key does not have the scope mailbox.admin.create."},
    ),
    404: ("There is no such thing, or it is another team's.", {"not_found": "There is no such mailbox."}),
    409: (
        "The state of things does not allow it, or the Idempotency-Key is taken.",
        {
            "conflict": "The address agent@acme.com is in use.",
            "idempotency_conflict": "Idempotency-Key was reused with a different request body.",
        },
    ),
    413: ("The body is too large.", {"payload_too_large": "The body is larger than 65536 bytes."}),
    415: (
        "The body is not declared as JSON.",
        {"invalid_parameter": "The body must be sent with the header Content-Type: application/json."},
    ),
    422: (
        "The call is well formed and cannot be done as asked.",
        {"validation_error": "The domain acme.com is not verified."},
    ),
    429: (
        "The API key has made too many calls.",
        {
            "rate_limit_exceeded": "The API key has made too many calls; wait until the time in Retry-After is over."
        },
    ),
    500: ("Something went wrong on our side.", {"internal_error": "Something went wrong on our side."}),
    503: (
        "The call cannot be done at the moment; what it began was undone. Try again, with the same Idempotency-Key.",
        {"service_unavailable": "The service cannot take this call at the moment; try again shortly."},
    ),
}
_ALWAYS = (401, 403, 429, 500, 503)


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string", **schema}, "description": description}


_REQUEST_ID = _header(
    "X-Request-Id",
    "Names the call, if it begins with `req_`; otherwise it is named by us. It is in every response.",
    minLength=1,
    maxLength=128,
)
_IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "The same key with the same body gives the first response again, secrets and Location included, for 24 hours from "
    "its first use; with another body, or while the first call is still running, it answers 409 "
    "`idempotency_conflict`. A response of 429 or from 500 is not kept: the next call with that key starts afresh.",
    minLength=1,
    maxLength=255,
)
_PREFER = _header(
    "Prefer",
    "`wait=n` waits up to n seconds (at most 60, default 30) for the final response, `respond-async` not at all; after "
    "that the call answers 202 and the work goes on.",
)
_IF_MATCH = _header("If-Match", "The ETag of the version to change; another one answers 409 `conflict`.")
_IF_NONE_MATCH = _header(
    "If-None-Match", "The ETag of a version you have; it answers 304 if that is the present one."
)

PAGE: tuple[dict[str, Any], ...] = (
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
    },
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
)


def _shown(description: str, kind: str = "string", **schema: Any) -> dict[str, Any]:
    return {"schema": {"type": kind, **schema}, "description": description}


_HEADERS = {
    "X-Request-Id": _shown("The same as `meta.request_id`.", pattern="^req_"),
    "X-RateLimit-Limit": _shown("Calls a key may make in a window of 60 seconds.", "integer"),
    "X-RateLimit-Remaining": _shown("How many more this window takes.", "integer"),
    "X-RateLimit-Reset": _shown("When the window ends, in seconds since 1970.", "integer"),
    "Cache-Control": _shown("Responses are not to be stored.", enum=["no-store"]),
}
_ETAG = {"ETag": _shown("Names this version.", pattern='^W/"[0-9a-f]{16}"$')}
_PLACE = {"Location": _shown("Where to read it.")}
_ASKED = {
    "Preference-Applied": _shown("The preference that was honoured."),
    "Idempotent-Replayed": _shown("A repeated call.", enum=["true"]),
}


def documented(
    operation: str,
    summary: str,
    *,
    scope: str,
    success: dict[int, type[BaseModel]],
    errors: tuple[int, ...] = (),
    body: type[BaseModel] | None = None,
    asks: bool = False,
    changes: bool = False,
    has_etag: bool = False,
    parameters: tuple[dict[str, Any], ...] = (),
    text: str | None = None,
) -> dict[str, Any]:
    """Return the route arguments that document an operation.

    `asks` calls may have a body without fields, `changes` an If-Match; `has_etag` are those that read one resource;
    `text` describes a response that is no JSON.
    """
    waits = 202 in success
    writes = asks or changes or waits
    more = (
        (writes, _IDEMPOTENCY_KEY),
        (changes, _IF_MATCH),
        (has_etag, _IF_NONE_MATCH),
        (waits, _PREFER),
    )
    extra: dict[str, Any] = {
        "x-required-scope": scope,
        "parameters": [_REQUEST_ID, *(each for applies, each in more if applies), *parameters],
    }
    if body is not None:
        schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        errors = (*errors, 400, 413, 415, 422)
    if asks:
        errors = (*errors, 413, 422)
    if writes:
        errors = (*errors, 400, 409)
    headers = {**_HEADERS, **(_ASKED if writes else {}), **(_ETAG if has_etag or changes else {})}
    responses: dict[int | str, dict[str, Any]] = {
        status: {
            "model": model,
            "headers": {**headers, **(_PLACE if status in {201, 202} else {})},
            "description": SUCCESS[status],
        }
        for status, model in success.items()
    }
    if text is not None:
        content = {"text/plain": {"schema": {"type": "string"}}}
        responses[200] = {"headers": _HEADERS, "description": text, "content": content}
    if has_etag:
        responses[304] = {"headers": {**_HEADERS, **_ETAG}, "description": "You have this version."}
    for status in sorted({*errors, *_ALWAYS}):
        responses[status] = _error(status)
    return {
        "operation_id": operation,
        "summary": summary,
        "status_code": min(success, default=200),
        "response_model": success[min(success)] if success else None,
        "responses": responses,
        "openapi_extra": extra,
    }


def _error(status: int) -> dict[str, Any]:
    description, codes = _ERRORS[status]
    headers: dict[str, Any] = dict(_HEADERS)
    if status in {429, 503}:
        headers["Retry-After"] = _shown("Seconds.", "integer")
    if status == 401:
        headers["WWW-Authenticate"] = _shown("What to present.")
    call_id = "req_0199aaaa000070008000000000000009"
    examples = {
        code: {
            "value": {
                "ok": False,
                "error": {"code": code, "message": message, "retryable": status == 429 or status >= 500},
                "meta": {"request_id": call_id},
            }
        }
        for code, message in codes.items()
    }
    return {
        "model": SendmuxError,
        "description": description,
        "headers": headers,
        "content": {"application/json": {"examples": examples}},
    }
