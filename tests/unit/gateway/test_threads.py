"""Threads before any database: what a thread is to its readers, how facts fold, and how answers are worded."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from services.gateway.dialects.puffle.render_threads import message_json, thread_json, thread_summary_json
from services.gateway.dialects.puffle.responses_threads import Message, Thread, ThreadSummary
from services.gateway.mail_servers import MailServers
from services.gateway.projection_threads import (
    InboxState,
    MessageRow,
    ThreadRow,
    fold_message,
    fold_thread,
    inbox_state,
)
from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.requests.render import rendering
from services.gateway.views_threads import Correspondence, MessageView, ThreadAnswerView, ThreadView
from shared.content.model import MailContent
from shared.contracts.answers import Outcome, ThreadRequestAnswered
from shared.contracts.requests import Dialect
from shared.contracts.threads import Direction, MessageStatus, ThreadStatus
from shared.db.cas import WriteOutcome
from tests.support.gateway_events import START, TENANT, WORKSPACE
from tests.support.thread_events import message_fact, message_state, thread_fact, thread_state

THREAD, MESSAGE, REQUEST = UUID(int=0x7), UUID(int=0x8), UUID(int=0xF1)
OUT, IN = Direction.OUTBOUND, Direction.INBOUND
ACTIVE, DRAFT = ThreadStatus.ACTIVE, ThreadStatus.DRAFT

render = rendering(MailServers())


@pytest.mark.parametrize(
    ("status", "sent", "received", "last", "draft_ref", "shown"),
    [
        (DRAFT, 0, 0, None, None, InboxState.DRAFT),
        (ACTIVE, 0, 0, None, REQUEST, InboxState.DRAFT),
        (ACTIVE, 0, 0, None, None, InboxState.EMPTY),
        (ACTIVE, 1, 0, OUT, REQUEST, InboxState.SENT_ONE_OFF),
        (ACTIVE, 1, 1, IN, None, InboxState.NEEDS_REPLY),
        (ACTIVE, 0, 1, IN, None, InboxState.NEEDS_REPLY),
        (ACTIVE, 2, 1, OUT, None, InboxState.ACTIVE_THREAD),
        (ThreadStatus.ARCHIVED, 1, 1, IN, None, InboxState.ARCHIVED),
        (ThreadStatus.WARMUP, 0, 1, IN, None, InboxState.WARMUP),
    ],
)
def test_what_a_thread_is_to_its_readers_follows_from_it_alone(
    status: ThreadStatus,
    sent: int,
    received: int,
    last: Direction | None,
    draft_ref: UUID | None,
    shown: InboxState,
) -> None:
    thread = thread_state(
        THREAD, status, sent=sent, received=received, last_direction=last, draft_ref=draft_ref
    )

    assert inbox_state(thread) is shown


def test_facts_fold_by_version_whatever_their_order() -> None:
    row = ThreadRow(THREAD, TENANT, WORKSPACE)

    row, first = fold_thread(row, thread_fact(THREAD, 2, ACTIVE))
    row, late = fold_thread(row, thread_fact(THREAD, 1))
    row, erased = fold_thread(row, thread_fact(THREAD, 3, ThreadStatus.ERASED, participant_email=None))

    assert (first, late, erased) == (WriteOutcome.GAP, WriteOutcome.DUPLICATE, WriteOutcome.APPLIED)
    assert (row.version, row.is_deleted) == (3, True)


def test_a_message_is_at_the_version_of_its_thread_when_it_last_changed() -> None:
    thread = thread_state(THREAD, ACTIVE, sent=1)
    row = MessageRow(MESSAGE, TENANT, WORKSPACE)

    row = fold_message(row, message_fact(thread, 5, message_state(MESSAGE, THREAD)))
    same = fold_message(row, message_fact(thread, 2, message_state(MESSAGE, THREAD, MessageStatus.QUEUED)))

    assert same is row
    assert (row.version, row.state and row.state.status) == (5, MessageStatus.SENT)


def answered(
    kind: RequestKind, view: ThreadAnswerView | None, outcome: Outcome = Outcome.DONE, **changes: object
) -> StoredResponse:
    request = OpenRequest(REQUEST, kind, Dialect.PUFFLE, TENANT, WORKSPACE, THREAD, START, "call-1", "key")
    answer = ThreadRequestAnswered.model_validate(
        {"request_id": REQUEST, "outcome": outcome, "subject_id": THREAD, **changes}
    )
    return render(request, answer, view, None)


def shown(draft: MailContent | None = None) -> ThreadView:
    return ThreadView(thread_state(THREAD), 1, 0, draft or MailContent(subject="Hi"))


@pytest.mark.contract("S3-21", "S3-25", "A7", "A28")
def test_a_new_thread_is_a_201_with_the_others() -> None:
    others = Correspondence(21, [shown()])

    response = answered(RequestKind.THREAD_CREATE, ThreadAnswerView(shown(), others))

    body = json.loads(response.body)
    assert (response.status, response.headers["Location"]) == (201, f"/api/threads/{THREAD}")
    assert body["thread"]["draft_subject"] == "Hi"
    assert (body["existing_threads"]["exists"], body["existing_threads"]["total"]) == (True, 21)
    assert "draft_subject" not in body["existing_threads"]["threads"][0]


@pytest.mark.contract("S3-28")
def test_a_thread_that_is_in_the_way_is_shown_with_the_refusal() -> None:
    view = ThreadAnswerView(shown(), Correspondence(1, [shown()]))

    response = answered(
        RequestKind.THREAD_CHANGE, view, Outcome.REFUSED, code="thread_exists", message="It is there."
    )

    body = json.loads(response.body)
    assert (response.status, body["code"], body["request_id"]) == (409, "thread_exists", "call-1")
    assert body["existing_thread"] == thread_json(shown())
    assert body["existing_threads"]["total"] == 1


def test_a_message_is_a_201_whatever_became_of_it() -> None:
    message = MessageView(message_state(MESSAGE, THREAD, MessageStatus.UNKNOWN), MailContent(text="Hello"))

    response = answered(RequestKind.MESSAGE_SEND, ThreadAnswerView(shown(), message=message))

    body = json.loads(response.body)
    assert (response.status, response.is_replayable) == (201, True)
    assert (body["message"]["status"], body["message"]["body_text"]) == ("unknown", "Hello")
    assert body["message"]["conversation_id"] == body["thread"]["id"]


def test_too_much_mail_is_a_429_that_is_not_kept_and_says_when_to_come_again() -> None:
    resets_at = (START + timedelta(hours=1)).isoformat()

    response = answered(
        RequestKind.MESSAGE_SEND,
        None,
        Outcome.REFUSED,
        code="daily_limit_reached",
        message="Enough.",
        details={"limit": 30, "resets_at": resets_at},
    )

    assert (response.status, response.is_replayable) == (429, False)
    assert response.headers["Retry-After"] == "3600"
    assert json.loads(response.body)["resets_at"].endswith("Z")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("thread_not_found", 404), ("account_not_found", 404), ("suppression_not_found", 404),
        ("account_not_email", 422), ("account_without_inbox", 422), ("account_not_ready", 422),
        ("account_missing", 422), ("account_mismatch", 422), ("participant_missing", 422), ("subject_missing", 422),
        ("thread_not_sendable", 422), ("thread_not_editable", 422), ("nothing_to_reply_to", 422),
        ("recipient_suppressed", 422), ("body_missing", 400), ("message_under_way", 409), ("thread_erased", 409),
        ("message_refused", 502),
    ],
)  # fmt: skip
def test_every_refusal_has_its_status(code: str, status: int) -> None:
    response = answered(RequestKind.MESSAGE_SEND, None, Outcome.REFUSED, code=code, message="No.")

    assert response.status == status


@pytest.mark.parametrize("kind", [RequestKind.THREAD_ERASE, RequestKind.SUPPRESSION_REMOVE])
def test_what_was_taken_away_is_not_shown(kind: RequestKind) -> None:
    assert json.loads(answered(kind, None).body) == {"success": True}


def test_what_is_rendered_is_what_is_described() -> None:
    view = shown(MailContent(subject="Hi", text="There"))
    message = MessageView(message_state(MESSAGE, THREAD), MailContent())

    assert set(thread_json(view)) == set(Thread.model_fields)
    assert set(thread_summary_json(view)) == set(ThreadSummary.model_fields)
    assert set(message_json(message)) == set(Message.model_fields)
    Thread.model_validate(thread_json(view))
    Message.model_validate(message_json(message))
