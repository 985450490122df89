"""What the OpenAPI document says about each MyAgentMail route: its keys, its headers, its body and its errors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from services.gateway.dialects.documents import ANSWER_HEADERS, HEADERS, PLACE, PREFER, SUCCESS
from services.gateway.dialects.myagentmail.errors import SENTENCES, shown_code
from services.gateway.dialects.myagentmail.responses import AgentError

_DESCRIPTIONS = {
    400: "The call is malformed or cannot be done as asked; the sentence names what is wrong with it.",
    401: "The API key is missing, malformed, unknown or revoked.",
    403: "A key of this kind may not do this.",
    404: "There is no such thing, or it is not yours.",
    409: "The state of things does not allow it.",
    413: "The body is larger than 64 KiB.",
    415: "The body is not declared as JSON.",
    422: "The Idempotency-Key was used before for a different request.",
    429: "The API key has made too many calls.",
    500: "Something went wrong on our side.",
    502: "A provider refused or did not answer.",
    503: "The call cannot be taken at the moment. Try again, with the same Idempotency-Key if it asks for something.",
}
_EXAMPLES = {
    **SENTENCES,
    "invalid_request": 'The field "username" must be a string.',
    "invalid_json": "The body is not valid JSON.",
    "domain_not_verified": "The domain is not verified.",
    "unauthorized": "The API key is missing, malformed, unknown or revoked.",
    "forbidden": "A key of the kind ak_ may not do this.",
    "not_found": "There is no such inbox.",
    "domain_not_found": "There is no domain mail.example.com in this workspace.",
    "username_taken": "The address scout@myagentmail.com is taken.",
    "address_taken": "The address hello@mail.example.com is in use.",
    "canonical_address": "The canonical address of an inbox cannot be removed.",
    "domain_taken": "The domain was verified by somebody else.",
    "default_workspace": "The default workspace cannot be deleted.",
    "workspace_exists": "There is a workspace of this name.",
    "workspace_in_use": "The workspace is also used through another API of this installation.",
    "slug_taken": "The slug is taken.",
    "tenant_exists": "There is a tenant of this name.",
    "wrong_state": "The inbox is being deleted.",
    "body_too_large": "The body is larger than 65536 bytes.",
    "unsupported_media_type": "The body must be sent with the header Content-Type: application/json.",
    "idempotency_mismatch": "The Idempotency-Key was used before for a different request.",
    "rate_limit_exceeded": "The API key has made too many calls; wait until the time in Retry-After is over.",
    "internal_error": "Something went wrong on our side.",
    "provider_refused": "The provider refused.",
    "provider_unavailable": "The provider did not answer.",
    "service_unavailable": "The service cannot take this call at the moment; try again shortly.",
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
    502: ("provider_refused", "provider_unavailable"),
    503: ("service_unavailable",),
}
_ALWAYS = (401, 429, 500, 503)

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
    "description": "The same key with the same request gives the first answer again, secrets included, for 7 days. An "
    "answer of 500 and above is not kept: the next call with that key starts afresh.",
}


def documented(
    operation: str,
    summary: str,
    *,
    scope: str | None,
    keys: str,
    success: dict[int, type[BaseModel]],
    errors: tuple[int, ...] = (),
    body: type[BaseModel] | None = None,
    waits: bool = False,
    repeats: bool = False,
    codes: dict[int, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Return the route arguments that document an operation.

    `keys` are the kinds of key it accepts, as prefixes with spaces between, and `scope` what such a key must be allowed;
    `codes` are its codes beyond a status's usual ones. A call that `waits` may answer 202; one that waits or `repeats` takes an Idempotency-Key.
    """
    extra: dict[str, Any] = {
        "x-accepted-keys": keys.split(),
        **({"x-required-scope": scope} if scope else {}),
    }
    extra["parameters"] = [
        _REQUEST_ID,
        *((_IDEMPOTENCY_KEY,) if waits or repeats else ()),
        *((PREFER,) if waits else ()),
    ]
    if body is not None:
        schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
        is_required = bool(schema.get("required"))
        extra["requestBody"] = {"required": is_required, "content": {"application/json": {"schema": schema}}}
        errors = (*errors, 413, 415)
        codes = {**(codes or {}), 400: ("invalid_json", *(codes or {}).get(400, ()))}
    if waits or repeats:
        errors = (*errors, 400, 422)
    responses: dict[int | str, dict[str, Any]] = {}
    for status, model in success.items():
        headers = {**(ANSWER_HEADERS if waits else HEADERS), **(PLACE if status in {201, 202} else {})}
        responses[status] = {"model": model, "headers": headers, "description": SUCCESS[status]}
    for status in sorted({*errors, *(codes or {}), *_ALWAYS, *((403,) if scope else ())}):
        responses[status] = _error(status, (*_USUAL_CODES.get(status, ()), *(codes or {}).get(status, ())))
    return {
        "operation_id": operation,
        "summary": summary,
        "status_code": min(success),
        "response_model": success[min(success)],
        "responses": responses,
        "openapi_extra": extra,
    }


def _error(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    headers: dict[str, Any] = dict(HEADERS)
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    examples = {
        shown_code(code): {"value": {"error": _EXAMPLES[code], "code": shown_code(code)}} for code in codes
    }
    return {
        "model": AgentError,
        "description": _DESCRIPTIONS[status],
        "headers": headers,
        "content": {"application/json": {"examples": examples}},
    }
