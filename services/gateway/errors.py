"""Everything the API refuses, before any dialect gives it a shape: a status, a stable code, a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import MailwrightError


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field or parameter of a call; `name` is its path (`send_scope.type`)."""

    name: str
    code: Literal["missing", "invalid", "unknown"]
    message: str


class ApiError(MailwrightError):
    """A call that ends with an error; message and `extras` are safe to show, `headers` go with the response.

    `fields` names every field that is wrong; the message is about the first.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extras: Mapping[str, Any] | None = None,
        fields: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = dict(headers or {})
        self.extras = dict(extras or {})
        self.fields = fields


def invalid(message: str, *, code: str = "invalid_request", parameter: str | None = None) -> ApiError:
    """Return the refusal of a malformed call; the sentence names what is wrong with it, `parameter` where."""
    fields = (FieldError(parameter, "invalid", message),) if parameter else ()
    return ApiError(400, code, message, fields=fields)


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


def forbidden_workspace() -> ApiError:
    """Return the refusal of a key that is bound to another workspace than the call names (A39)."""
    return ApiError(403, "forbidden", "The API key is bound to another workspace.")


def rate_limited(retry_after: int) -> ApiError:
    """Return the refusal of one call too many; `retry_after` is the whole seconds until the next may come."""
    return ApiError(
        429,
        "rate_limit_exceeded",
        "The API key has made too many calls; wait until the time in Retry-After is over.",
        headers={"Retry-After": str(retry_after)},
    )


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
