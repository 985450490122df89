"""What is done next for a message that is to leave, and what each answer means for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.threads.domain.message import Message
from services.threads.domain.sending import (
    ERASED,
    INBOX_GONE,
    NO_LOOK_UP,
    NOT_READY,
    NOT_SENT,
    SENDER_GONE,
    Again,
    Failed,
    Look,
    Patience,
    Post,
    Sending,
    Unresolved,
)
from shared.content.model import MailContent
from shared.contracts.accounts import Failure
from shared.contracts.threads import Direction, MessageStatus

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONTENT = MailContent(subject="Hello", text="Dear Grace")
INBOX = "ada@myagentmail.com"
NO = Failure(code="message_refused", message="No.")
QUEUED = Message(
    id=UUID(int=1),
    thread_id=UUID(int=2),
    account_id=UUID(int=3),
    tenant_id=UUID(int=4),
    workspace_id=UUID(int=5),
    direction=Direction.OUTBOUND,
    status=MessageStatus.QUEUED,
    content_ref=UUID(int=6),
    from_email=INBOX,
    to_email="grace@example.com",
    created_at=NOW,
    updated_at=NOW,
    attempts=1,
)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def touched(first: float, last: float | None = None) -> Message:
    """A message for which calls were made that many seconds ago, and nobody knows what came of them."""
    return replace(QUEUED, intent_at=ago(first), called_at=ago(first if last is None else last))


def rules(message: Message = QUEUED) -> Sending:
    return Sending(message, NOW, Patience(), lambda low, high: high)


HOUR = 3_600.0


@pytest.mark.parametrize(
    ("message", "inbox_id", "content", "is_ready", "step"),
    [
        (QUEUED, INBOX, CONTENT, True, Post(INBOX, CONTENT)),
        (QUEUED, INBOX, CONTENT, False, Failed(SENDER_GONE)),
        (QUEUED, None, CONTENT, True, Failed(SENDER_GONE)),
        (QUEUED, INBOX, None, True, Failed(ERASED)),
        (touched(HOUR), INBOX, CONTENT, True, Post(INBOX, CONTENT)),
        (touched(21 * HOUR, 60), INBOX, CONTENT, True, Post(INBOX, CONTENT)),
        (touched(22 * HOUR, 60), INBOX, CONTENT, True, Look(NOT_SENT)),
        (touched(60), INBOX, CONTENT, False, Look(SENDER_GONE)),
        (touched(60), None, CONTENT, True, Look(SENDER_GONE)),
        (touched(60), INBOX, None, True, Look(ERASED)),
    ],
)
@pytest.mark.promise("I11")
def test_a_call_is_repeated_only_while_its_key_lives_and_the_message_may_leave(
    message: Message,
    inbox_id: str | None,
    content: MailContent | None,
    is_ready: bool,
    step: Post | Look | Failed,
) -> None:
    assert rules(message).first_step(inbox_id, content, is_ready=is_ready) == step


def test_a_definite_no_ends_a_message_unless_an_earlier_call_may_have_gone_through() -> None:
    assert rules().refused(NO) == Failed(NO)
    assert rules(touched(60)).refused(NO) == Look(NO)


def test_an_absent_message_was_not_sent_once_no_call_can_have_its_effect_any_more() -> None:
    assert isinstance(rules(touched(HOUR, 599)).absent(NO), Again)
    assert rules(touched(HOUR, 600)).absent(NO) == Failed(NO)


def test_what_nobody_answered_is_kept_in_mind_from_the_first_call_on() -> None:
    first = rules().later(is_unanswered=True)
    assert (first.intent_at, first.called_at) == (NOW, NOW)

    second = rules(touched(HOUR)).later(is_unanswered=True)
    assert (second.intent_at, second.called_at) == (ago(HOUR), NOW)


def test_a_call_that_certainly_did_nothing_leaves_the_message_as_it_was() -> None:
    assert rules().later(7.0) == Again(7.0, None, None)
    assert rules(touched(HOUR, 60)).later(7.0) == Again(7.0, ago(HOUR), ago(60))


def test_waits_grow_to_a_bound() -> None:
    waits = [rules(replace(QUEUED, attempts=n)).later().wait_seconds for n in (0, 1, 2, 3, 50)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 30.0]


def test_an_inbox_that_cannot_send_is_waited_for_a_minute() -> None:
    begun = rules().not_ready()
    assert isinstance(begun, Again)
    assert (begun.unready_since, begun.intent_at) == (NOW, None)

    later = rules(replace(QUEUED, unready_since=ago(59))).not_ready()
    assert isinstance(later, Again)
    assert later.unready_since == ago(59)
    assert rules(replace(QUEUED, unready_since=ago(60))).not_ready() == Failed(NOT_READY)
    assert rules(replace(touched(HOUR), unready_since=ago(60))).not_ready() == Look(NOT_READY)


def test_where_nobody_can_look_nobody_can_know() -> None:
    assert rules(touched(HOUR)).inbox_gone() == Unresolved(INBOX_GONE)
    assert isinstance(rules(touched(71 * HOUR)).look_up_failed(None, is_unanswered=False), Again)
    assert rules(touched(73 * HOUR)).look_up_failed(None, is_unanswered=False) == Unresolved(NO_LOOK_UP)
