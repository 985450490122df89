"""Where each dialect's clients put their key."""

from __future__ import annotations

from starlette.datastructures import Headers

from services.gateway.errors import unauthorized


def bearer(headers: Headers) -> str:
    """Return the token of an `Authorization: Bearer <token>` header (S0-3).

    Raises:
        ApiError: There is none (401).
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()


def api_key_or_bearer(headers: Headers) -> str:
    """Return the key in `X-API-Key` or in `Authorization: Bearer`, whichever is given (S2-3).

    Raises:
        ApiError: There is none, or both are given and differ (401).
    """
    given = headers.get("x-api-key", "").strip()
    if not given:
        return bearer(headers)
    if "authorization" in headers and bearer(headers) != given:
        raise unauthorized()
    return given
