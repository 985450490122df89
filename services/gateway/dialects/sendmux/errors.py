"""How Sendmux words an error: the whole envelope, with codes from its closed list and whether to try again."""

from __future__ import annotations

from typing import Any

from services.gateway.dialects.wire import encode
from services.gateway.errors import ApiError, FieldError

STATUS_OF_CODE: dict[str, int] = {
    "address_taken": 409,
    "address_burned": 409,
    "domain_taken": 409,
    "domain_in_use": 409,
    "version_conflict": 409,
    "wrong_state": 409,
    "account_deleted": 409,
    "domain_not_found": 422,
    "domain_not_verified": 422,
    "account_not_active": 422,
    "account_not_found": 404,
    "credential_not_found": 404,
    "not_found": 404,
    # Sendmux has no 502: a provider that refuses or is silent is a service that cannot be had now.
    "provider_refused": 503,
    "provider_unavailable": 503,
    "internal_error": 500,
}
"""The status of every code an owner may answer with; a code that is not here is trouble of ours, 500."""

_CODE_OF_STATUS = {
    400: "invalid_parameter",
    401: "authentication_required",
    403: "insufficient_permissions",
    404: "not_found",
    405: "invalid_parameter",
    409: "conflict",
    413: "payload_too_large",
    415: "invalid_parameter",
    422: "validation_error",
    429: "rate_limit_exceeded",
    500: "internal_error",
    503: "service_unavailable",
}
CODES = frozenset({*_CODE_OF_STATUS.values(), "missing_parameter", "idempotency_conflict"})
"""Every code that an error may have; clients know no other."""


def semantic(parameter: str, message: str) -> ApiError:
    """Return the refusal of what is well formed and cannot be done as asked."""
    return ApiError(422, "validation_error", message, fields=(FieldError(parameter, "invalid", message),))


def conflict(message: str, *, etag: str | None = None) -> ApiError:
    """Return the refusal of what the state of things does not allow; `etag` is the state's."""
    return ApiError(409, "conflict", message, headers={"ETag": etag} if etag else None)


def inactive(status: str) -> ApiError:
    """Return the refusal of what only an active mailbox can have."""
    return ApiError(422, "validation_error", f"The mailbox is {status}, not active.")


def owners_refusal(code: str | None, message: str | None, *, names_domain: bool) -> ApiError:
    """Return what an owner refused; its message is safe to show.

    `names_domain` tells a call about a domain from one about a mailbox, whose email has a domain that does not fit.
    """
    said = message or "The request could not be done."
    if code == "domain_not_found" and names_domain:
        return ApiError(404, "not_found", said)
    if code in {"domain_not_found", "domain_not_verified"}:
        return semantic("email", said)
    return ApiError(STATUS_OF_CODE.get(code or "internal_error", 500), code or "internal_error", said)


def error_body(error: ApiError, call_id: str) -> bytes:
    """Return the body of an error response; `param` is the first field that is wrong (A60)."""
    shown: dict[str, Any] = {
        "code": _code(error),
        "message": str(error),
        "retryable": error.status == 429 or error.status >= 500,
    }
    if error.fields:
        shown["param"] = error.fields[0].name
        shown["errors"] = [
            {"field": field.name, "code": _field_code(field), "message": field.message}
            for field in error.fields
        ]
    return encode({"ok": False, "error": shown, "meta": {"request_id": call_id}})


def envelope(data: Any, call_id: str, **more: Any) -> bytes:
    """Return the body of a success (S4-20, S4-38)."""
    return encode({"ok": True, "data": data, **more, "meta": {"request_id": call_id}})


def _code(error: ApiError) -> str:
    if error.status == 400 and error.fields:
        return _field_code(error.fields[0])
    return error.code if error.code in CODES else _CODE_OF_STATUS.get(error.status, "internal_error")


def _field_code(field: FieldError) -> str:
    return "missing_parameter" if field.code == "missing" else "invalid_parameter"
