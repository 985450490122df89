"""How Puffle words an error: `{"error", "code", "request_id"}`, and which status each answer code has."""

from __future__ import annotations

from services.gateway.dialects.wire import encode
from services.gateway.errors import ApiError

SHOWN_AS: dict[str, str] = {
    "account_not_found": "not_found",
    "domain_not_found": "not_found",
    "account_not_active": "wrong_state",
    "thread_not_found": "not_found",
    "suppression_not_found": "not_found",
}
"""Codes of owners that Puffle has another word for: to the caller, what is not the caller's is not there (A18)."""

STATUS_OF_CODE: dict[str, int] = {
    "not_found": 404,
    "domain_not_verified": 400,
    "address_taken": 409,
    "address_burned": 409,
    "account_deleted": 409,
    "wrong_state": 409,
    "version_conflict": 409,
    "domain_taken": 409,
    "domain_in_use": 409,
    "thread_exists": 409,
    "thread_erased": 409,
    "message_under_way": 409,
    "invalid_attachments": 400,
    "body_missing": 400,
    "account_not_email": 422,
    "account_without_inbox": 422,
    "account_not_ready": 422,
    "account_missing": 422,
    "account_mismatch": 422,
    "participant_missing": 422,
    "subject_missing": 422,
    "thread_not_sendable": 422,
    "thread_not_editable": 422,
    "nothing_to_reply_to": 422,
    "recipient_suppressed": 422,
    "daily_limit_reached": 429,
    "message_refused": 502,
    "provider_refused": 502,
    "provider_unavailable": 502,
    "enabled_not_recorded": 500,
    "internal_error": 500,
}
"""The status of every code shown; a code that is not here is trouble of ours, 500."""

EXACT_MESSAGES = {"enabled_not_recorded": "Warmup was enabled but failed to update account status"}
"""Sentences that clients compare, whatever the owner's answer says (S1-26)."""

SHOWN_DETAILS = (
    "reason", "burned_at", "status", "warmup_status", "hold", "suspended", "address", "suppressed_at", "limit", "resets_at",
)  # fmt: skip
"""What an answer's details may add to an error body."""


def error_body(error: ApiError, call_id: str) -> bytes:
    """Return the body of an error response."""
    return encode({"error": str(error), "code": error.code, "request_id": call_id, **error.extras})
