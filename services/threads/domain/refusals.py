"""Why what a client asks of a thread is refused: one stable code and one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.contracts.standing import Status
from shared.contracts.threads import SuppressionState, ThreadStatus


@dataclass(frozen=True, slots=True)
class Refusal:
    """A code for programs, a sentence that is safe to show, and what else the client should know."""

    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


THREAD_NOT_FOUND = Refusal("thread_not_found", "There is no such thread.")
THREAD_EXISTS = Refusal(
    "thread_exists",
    "This sender already has a thread with this recipient; open it and send there instead of creating another one.",
)
MESSAGE_UNDER_WAY = Refusal(
    "message_under_way", "A message of this thread is being sent; try again once that has come to an end."
)
SUPPRESSION_NOT_FOUND = Refusal("suppression_not_found", "Mail to this address is not held back.")
ACCOUNT_NOT_FOUND = Refusal("account_not_found", "There is no such account in this workspace.")
ACCOUNT_NOT_EMAIL = Refusal("account_not_email", "The account is not an email account.")
ACCOUNT_WITHOUT_INBOX = Refusal("account_without_inbox", "The account has no sending inbox.")
ACCOUNT_MISSING = Refusal("account_missing", "The thread has no sender: give an account_id.")
ACCOUNT_MISMATCH = Refusal(
    "account_mismatch",
    "The thread has another sender; change the thread's account_id first, or leave it out here.",
)
PARTICIPANT_MISSING = Refusal("participant_missing", "The thread has no participant_email to send to.")
SUBJECT_MISSING = Refusal("subject_missing", "A new mail needs a subject, and the thread has none.")
BODY_MISSING = Refusal("body_missing", "The message has no text.")
NOTHING_TO_REPLY_TO = Refusal(
    "nothing_to_reply_to", "There is no message in this thread that its sender could reply to."
)


def account_not_ready(status: Status, *, is_suspended: bool) -> Refusal:
    """The account may not send as it stands (S3-16, A24)."""
    why = "it is suspended" if is_suspended else f"its status is {status.value}, not active"
    details = {"status": status.value, "suspended": is_suspended}
    return Refusal("account_not_ready", f"The account is not ready to send: {why}.", details)


def thread_not_sendable(status: ThreadStatus) -> Refusal:
    """Nothing is sent in a thread that is archived or belongs to the warmup."""
    message = f"Nothing can be sent in this thread: it is {_a(status)}."
    return Refusal("thread_not_sendable", message, {"status": status.value})


def thread_not_editable(status: ThreadStatus) -> Refusal:
    """Warmup mail is nobody's correspondence, so there is nothing in it to change."""
    message = f"This thread cannot be changed: it is {_a(status)}."
    return Refusal("thread_not_editable", message, {"status": status.value})


def recipient_suppressed(suppression: SuppressionState) -> Refusal:
    """An earlier mail to a recipient came back or was called spam."""
    what = "bounced" if suppression.reason == "bounced" else "was marked as spam"
    details = {
        "address": suppression.address,
        "reason": suppression.reason,
        "suppressed_at": suppression.suppressed_at.isoformat(),
    }
    message = "Mail to a recipient is held back, because an earlier message to that address"
    return Refusal("recipient_suppressed", f"{message} {what}.", details)


def daily_limit_reached(limit: int, day: date) -> Refusal:
    """The account has sent what it may on one UTC day; `resets_at` is the next one's midnight."""
    resets_at = datetime.combine(day + timedelta(days=1), time(), UTC)
    message = f"The account has reached its limit of {limit} messages for today."
    return Refusal("daily_limit_reached", message, {"limit": limit, "resets_at": resets_at.isoformat()})


def _a(status: ThreadStatus) -> str:
    return "a warmup thread" if status is ThreadStatus.WARMUP else status.value
