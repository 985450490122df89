"""How MyAgentMail words an error: `{"error", "code"}` and nothing else, and which status each answer code has."""

from __future__ import annotations

from services.gateway.dialects.wire import encode
from services.gateway.errors import ApiError

STATUS_OF_CODE: dict[str, int] = {
    "username_taken": 409,
    "address_taken": 409,
    "address_burned": 409,
    "address_not_found": 404,
    "canonical_address": 409,
    "domain_not_found": 404,
    "domain_not_verified": 400,
    "domain_taken": 409,
    "domain_in_use": 409,
    "account_not_found": 404,
    "account_not_active": 409,
    "account_deleted": 409,
    "wrong_state": 409,
    "version_conflict": 409,
    "credential_not_found": 404,
    "not_found": 404,
    "provider_refused": 502,
    "provider_unavailable": 502,
    "internal_error": 500,
}
"""The status of every code an owner may answer with; a code that is not here is trouble of ours, 500."""

_OUR_WORDS = {
    "account_not_found": "not_found",
    "account_not_active": "inbox_not_ready",
    "account_deleted": "inbox_deleted",
}
"""Owners speak of accounts, this dialect of inboxes."""

SENTENCES = {
    "account_not_found": "There is no such inbox.",
    "account_not_active": "The inbox is not ready, or it is going away.",
    "account_deleted": "The inbox was deleted before it was ready.",
    "address_not_found": "The inbox does not have this address.",
    "address_burned": "The address was used by an inbox that is gone, and cannot be used again.",
    "domain_in_use": "There are inboxes or addresses at this domain.",
}
"""What is said instead of an owner's own sentence."""


def shown_code(code: str) -> str:
    """Return a code as this dialect writes it (S2-24)."""
    return _OUR_WORDS.get(code, code).upper()


def error_body(error: ApiError, call_id: str) -> bytes:  # noqa: ARG001  the call's id is in its header only
    """Return the body of an error response (S2-39)."""
    return encode({"error": str(error), "code": shown_code(error.code)})
