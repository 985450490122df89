"""I11: what must be true of mail in a quiet system; judged from the callers' answers, the facts and the provider's ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from tests.support.evidence import Evidence, Json

LEFT = frozenset({"sent", "bounced", "complained"})
STAYED = frozenset({"failed"})
SETTLED = LEFT | STAYED | {"unknown"}
KEPT_OUT = frozenset({"spam", "blocked", "unauthenticated", "trash"})
_ID_LENGTH = 36


def mail_is_accounted_for(evidence: Evidence) -> Iterator[str]:
    """I11: nothing leaves twice or arrives twice, and nothing of either is silently lost."""
    yield from sent_once_or_said(evidence)
    yield from kept_once(evidence)


def sent_once_or_said(evidence: Evidence) -> Iterator[str]:
    """I11: a message leaves at most once, and every send that was accepted is sent, failed or of unknown outcome."""
    messages, left = _messages(evidence), _left(evidence)
    for message_id, times in left.items():
        if times > 1:
            yield f"the message {message_id} left {times} times"
        if message_id not in messages:
            yield f"the message {message_id} left, and no fact tells of it"
    for message_id, message in messages.items():
        status = message["status"]
        if status not in SETTLED:
            yield f"the message {message_id} is still {status}"
        if status in LEFT and not left[message_id]:
            yield f"the message {message_id} is {status} and never left"
        if status in STAYED and left[message_id] and not _was_rejected(message):
            yield f"the message {message_id} is {status} and left"
    for answer in evidence.answers:
        if answer.kind == "send" and answer.is_accepted and answer.subject not in messages:
            yield f"a mail to {answer.address} was accepted, and no fact tells of it"
    yield from _ended_twice(evidence)


def _was_rejected(message: Json) -> bool:
    """Whether the provider's mail server refused what its API had taken."""
    return bool((message.get("failure") or {}).get("code") == "message_rejected")


def kept_once(evidence: Evidence) -> Iterator[str]:
    """I11: mail that arrived at an account that has threads, and lives, is told of exactly once."""
    told = Counter(
        (fact.data["message"]["account_id"], fact.data["message"]["provider_message_id"])
        for fact in evidence.log
        if fact.kind == "thread.message_received"
    )
    for (_, mail_id), times in told.items():
        if times > 1:
            yield f"the mail {mail_id} is told of {times} times"
    inboxes = _inboxes(evidence)
    for mail in evidence.objects.get("agentmail", {}).get("messages", ()):
        account_id = inboxes.get(mail["inbox_id"])
        if account_id and _is_shown(mail) and not told[account_id, mail["message_id"]]:
            yield f"the mail {mail['message_id']} arrived, and no fact tells of it"


def _inboxes(evidence: Evidence) -> dict[str, str]:
    """Return the accounts that have threads and live, by their inboxes."""
    states = (
        facts[-1].data["account"]
        for (aggregate, _), facts in evidence.facts().items()
        if aggregate == "account" and "account" in facts[-1].data
    )
    return {
        state["inbox_id"]: state["account_id"]
        for state in states
        if state.get("dialect") == "puffle" and state["status"] == "provisioned"
    }


def _is_shown(mail: Json) -> bool:
    return "received" in mail["labels"] and not KEPT_OUT & set(mail["labels"])


def _messages(evidence: Evidence) -> dict[UUID, Json]:
    """Return every outbound message as its last fact tells of it."""
    found: dict[UUID, Json] = {}
    for (aggregate, _), facts in evidence.facts().items():
        for fact in facts if aggregate == "thread" else ():
            message = fact.data.get("message")
            if message is not None and message["direction"] == "outbound":
                found[UUID(message["message_id"])] = message
    return found


def _left(evidence: Evidence) -> Counter[UUID]:
    """Return how often each of our messages left, by the end of the key it was sent under."""
    return Counter(
        UUID(entry["key"][-_ID_LENGTH:])
        for entry in evidence.ledger
        if entry["effect"] == "message.sent" and (entry["key"] or "").startswith("mw-")
    )


def _ended_twice(evidence: Evidence) -> Iterator[str]:
    told = Counter(
        (fact.kind.partition(".")[2], fact.data["message"]["message_id"])
        for fact in evidence.log
        if fact.kind in {"thread.message_sent", "thread.message_failed", "thread.message_unknown"}
    )
    for (kind, message_id), times in told.items():
        if times > 1:
            yield f"{times} times {kind} of the message {message_id}"
