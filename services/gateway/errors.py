"""Everything the API refuses, before any dialect gives it a shape: a status, a stable code, a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import MailwrightError


class ApiError(MailwrightError):
    """A call that ends with an error; message and `extras` are safe to show, `headers` go with the response."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = dict(headers or {})
        self.extras = dict(extras or {})


def invalid(message: str, *, code: str = "invalid_request") -> ApiError:
    """Return the refusal of a malformed call; the sentence names what is wrong with it."""
    return ApiError(400, code, message)


def unauthorized() -> ApiError:
    """Return the refusal of a call without a valid key; it does not say what is wrong with the one it had."""
    return ApiError(
        401,
        "unauthorized",
        "The API key is missing, malformed, unknown or revoked.",
        headers={"WWW-Authenticate": 'Bearer realm="mailwright"'},
    )


def forbidden(scope: str) -> ApiError:
    """Return the refusal of a key that lacks a scope."""
    return ApiError(403, "forbidden", f"The API key does not have the scope {scope}.")


def not_found(what: str) -> ApiError:
    """Return the answer for a missing thing, which is also the answer for somebody else's."""
    return ApiError(404, "not_found", f"There is no such {what}.")


def body_too_large(limit: int) -> ApiError:
    """Return the refusal of a body beyond `limit` bytes; the connection ends, so that the rest is not read."""
    return ApiError(
        413,
        "body_too_large",
        f"The body is larger than {limit} bytes.",
        headers={"Connection": "close"},
    )


def unsupported_media_type() -> ApiError:
    """Return the refusal of a body that does not say that it is JSON."""
    return ApiError(
        415,
        "unsupported_media_type",
        "The body must be sent with the header Content-Type: application/json.",
        headers={"Accept-Post": "application/json"},
    )


def idempotency_mismatch() -> ApiError:
    """Return the refusal of an Idempotency-Key that was used for something else."""
    return ApiError(
        422, "idempotency_mismatch", "The Idempotency-Key was used before for a different request."
    )


def unavailable(retry_after: float | None = None) -> ApiError:
    """Return the answer while the system cannot do its work; `retry_after` in seconds.

    Whoever was cut off in the moment of the commit may have been heard: the same Idempotency-Key tells.
    """
    return ApiError(
        503,
        "service_unavailable",
        "The service cannot take this call at the moment; try again shortly.",
        headers={"Retry-After": str(max(1, round(retry_after or 2)))},
    )


def internal_error() -> ApiError:
    """Return the answer to whatever nobody foresaw; it says nothing about it."""
    return ApiError(500, "internal_error", "Something went wrong on our side.")
