"""What AgentMail's refusal means for a message: a definite no, a moment to wait for, or a fault of ours."""

from __future__ import annotations

from services.threads.ports import KeyInUse, NotReady, OperatorFault, Refused
from shared.errors import MailwrightError
from shared.http.errors import ProviderRefused

NOT_READY = frozenset({"domain_not_verified", "resource_deleting", "race_condition"})
"""Codes for what passes, or for a sender that is going away."""
OUR_FAULT = frozenset(
    {
        "missing_permission",
        "forbidden",
        "permission_escalation",
        "unrestricted_key_required",
        "limit_exceeded",
    }
)
"""Codes that speak of our key or plan; a 403 without any code was refused before it came to the message."""
REJECTED = {
    "message_rejected": "The inbox provider rejects the message: its recipient, or its sender, is blocked there.",
    "validation_error": "The inbox provider finds the message malformed.",
}


def meaning_of(error: ProviderRefused) -> MailwrightError:
    """Return the refusal of a message in our terms; 403 says many things, so its code decides, never the status."""
    code = error.body.get("code")
    if error.status in {401, 402} or code in OUR_FAULT or (error.status == 403 and code is None):
        return OperatorFault("The inbox provider refuses the configured key or plan.")
    if code == "conflict":
        return KeyInUse("An earlier call for the same message was made.")
    if code in NOT_READY or error.status == 404:
        return NotReady("The inbox provider cannot send from this inbox now.")
    return Refused(REJECTED.get(str(code), "The inbox provider refused the message."))
