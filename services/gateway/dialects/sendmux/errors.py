"""How Sendmux words an error: the whole envelope, with its own codes and whether to try again."""

from __future__ import annotations

import json
from typing import Any

from services.gateway.errors import ApiError, FieldError

_CODES = {
    "unauthorized": "authentication_required",
    "forbidden": "insufficient_permissions",
    "body_too_large": "payload_too_large",
    "invalid_request": "invalid_parameter",
    "invalid_json": "invalid_parameter",
    "unknown_field": "invalid_parameter",
    "unsupported_media_type": "invalid_parameter",
    "method_not_allowed": "invalid_parameter",
}
"""How Sendmux calls what the core refuses."""


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


def encode(value: Any) -> bytes:
    """Return JSON as it is sent: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _code(error: ApiError) -> str:
    if error.fields and error.code in {"invalid_request", "unknown_field"}:
        return _field_code(error.fields[0])
    return _CODES.get(error.code, error.code)


def _field_code(field: FieldError) -> str:
    return "missing_parameter" if field.code == "missing" else "invalid_parameter"
