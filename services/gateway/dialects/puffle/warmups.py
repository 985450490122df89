"""How Puffle shows one warmup: where it is, what is missing until its account may send, and why it stands still."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.gateway.dialects.puffle.analytics import figures, number
from services.gateway.dialects.puffle.render import failure_json
from services.gateway.dialects.wire import instant
from services.gateway.history import SHUT_OUT
from services.gateway.views import AccountView
from shared.contracts.accounts import AccountStatus
from shared.contracts.standing import Status
from shared.contracts.warmups import WarmupDecision, WarmupState, WarmupStatus

Json = dict[str, Any]

_NOT_YET = "The account is still being made; its warmup begins after that."
_UNBEGUN = {
    Status.FAILED: "The account could not be made, so that it has no warmup.",
    Status.DELETING: "The account is going away.",
}
"""What is said of an account whose warmup nobody has told of."""
_SENTENCES = {
    WarmupStatus.STARTING: "The warmup provider is being asked to warm the address.",
    WarmupStatus.DISABLED: "The warmup was ended before it was complete; the account may send",
    WarmupStatus.BANNED: "The warmup provider has banned the address.",
    WarmupStatus.SUSPENDED: "The warmup provider has suspended the address.",
    WarmupStatus.ENDED: "The account is going away, and its warmup is over.",
}
_ACCEPTED = "The warmup provider has accepted the address and does not show it as warming yet."
_UNJUDGED = "The warmup provider shows the address as warming; no day has been judged yet."


def warmup_json(view: AccountView, now: datetime, day_seconds: float) -> Json:
    """Return a warmup with everything that says why its account does not send yet."""
    account, warmup = view.account, view.warmup
    decision, state = warmup.decision if warmup else None, _state(view)
    return {
        "account_id": str(account.account_id),
        "email_address": account.address or None,
        "status": view.status.value,
        "warmup_status": view.warmup_status.value,
        "state": state.value if state else None,
        "sentence": _said(warmup) if warmup else _said_of_unbegun(view),
        "confirmation": _confirmation(warmup),
        "hold": warmup.hold.value if warmup and warmup.hold else None,
        "reason": warmup.reason if warmup else None,
        "failure": failure_json(warmup.failure) if warmup else None,
        "day": warmup.day if warmup else 0,
        "started_at": instant(warmup.started_at) if warmup else None,
        **_judged(decision),
        "expected_at": _expected(warmup, now),
        **_next(warmup, now),
        "next_attempt_at": instant(warmup.next_attempt_at) if warmup else None,
        "health": {
            "percentage": number(warmup.recent_health) if warmup else None,
            "label": warmup.recent_health_label if warmup else None,
        },
        "figures": figures(warmup, now, day_seconds),
    }


def _state(view: AccountView) -> WarmupStatus | None:
    """Return the warmup's own state: nobody tells of it before its first attempt has come to an outcome."""
    if view.warmup is None and view.account.status is AccountStatus.PROVISIONED:
        return WarmupStatus.STARTING
    return view.warmup.status if view.warmup else None


def _said_of_unbegun(view: AccountView) -> str:
    if _state(view) is WarmupStatus.STARTING:
        return _SENTENCES[WarmupStatus.STARTING]
    return _UNBEGUN.get(view.status, _NOT_YET)


def _judged(decision: WarmupDecision | None) -> Json:
    if decision is None:
        return dict.fromkeys(("policy", "progress", "last_decision"))
    return {
        "policy": {"name": decision.policy, "version": decision.policy_version},
        "progress": [
            {
                "name": each.name,
                "value": number(each.value),
                "at_least": number(each.at_least),
                "below": number(each.below),
                "is_met": each.is_met,
            }
            for each in decision.criteria
        ],
        "last_decision": {
            "at": instant(decision.at),
            "day": decision.day,
            "judgement": decision.judgement,
            "sentence": decision.sentence,
        },
    }


def _expected(warmup: WarmupState | None, now: datetime) -> str | None:
    """Return when the last goal is met if things go on as they did.

    Nothing goes on while a warmup stands still, and what has passed without a judgement is not expected any more.
    """
    if warmup is None or warmup.decision is None or warmup.status is not WarmupStatus.WARMING:
        return None
    at = warmup.decision.expected_at
    return None if at is None or at <= now else instant(at)


def _next(warmup: WarmupState | None, now: datetime) -> Json:
    """Return when the next day is judged, or since when it waits for that."""
    at = warmup.next_evaluation_at if warmup else None
    is_overdue = at is not None and at <= now
    return {
        "next_evaluation_at": None if is_overdue else instant(at),
        "overdue_since": instant(at) if is_overdue else None,
    }


def _confirmation(warmup: WarmupState | None) -> str | None:
    if warmup is None or warmup.status is not WarmupStatus.WARMING:
        return None
    return "confirmed" if warmup.is_confirmed else "accepted"


def _said(warmup: WarmupState) -> str:
    match warmup.status:
        case WarmupStatus.NOT_STARTED:
            why = warmup.failure.message if warmup.failure else "It was refused."
            return f"The warmup has not started, and is tried again. {why}"
        case WarmupStatus.WARMING if not warmup.is_confirmed:
            return _ACCEPTED
        case WarmupStatus.WARMING:
            return warmup.decision.sentence if warmup.decision else _UNJUDGED
        case WarmupStatus.GRADUATED:
            kept = f" {warmup.decision.sentence}" if warmup.decision else ""
            return f"The warmup is complete; the account may send.{kept}"
        case WarmupStatus.PAUSED if warmup.hold:
            return f"The warmup is held until this is over: {warmup.reason}"
        case WarmupStatus.PAUSED:
            return _with_reason("The warmup is paused until a client resumes it", warmup)
        case WarmupStatus.DISABLED:
            return _with_reason(_SENTENCES[WarmupStatus.DISABLED], warmup)
        case other:
            decision = warmup.decision
            is_shut_out = decision is not None and decision.judgement in SHUT_OUT
            return decision.sentence if decision and is_shut_out else _SENTENCES[other]


def _with_reason(sentence: str, warmup: WarmupState) -> str:
    return f"{sentence}: {warmup.reason}" if warmup.reason else f"{sentence}."
