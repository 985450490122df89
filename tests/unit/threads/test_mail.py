"""What is sent, to whom, and what it answers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.threads.domain import refusals
from services.threads.domain.mail import answered, merged, recipients, taken_over, with_subject_of
from services.threads.domain.message import Message
from shared.content.model import Attachment, MailContent
from shared.contracts.threads import MessageStatus, ThreadingMode
from tests.unit.threads.samples import ACCOUNT, NOW, message

FILE = Attachment(name="a", bucket="b", path="p", mime_type="text/plain", size=1)
DRAFT = MailContent(subject="S", text="T", html="<p>T</p>", cc="c@x.org", bcc="d@x.org", attachments=(FILE,))


def test_only_the_named_parts_of_a_draft_are_replaced() -> None:
    assert merged(DRAFT, MailContent(subject="New"), ("subject", "cc")) == DRAFT.model_copy(
        update={"subject": "New", "cc": None}
    )
    assert merged(None, DRAFT, ("text",)) == MailContent(text="T")
    assert merged(MailContent(text="T"), MailContent(), ("text",)) is None
    assert merged(DRAFT, MailContent(), ()) == DRAFT


def test_what_the_request_leaves_open_is_the_drafts_but_html_only_of_the_same_text() -> None:
    assert taken_over(MailContent(text="T"), DRAFT) == DRAFT
    other = taken_over(MailContent(text="Other", subject="", cc="", bcc=""), DRAFT)
    assert other == MailContent(text="Other", subject="", cc="", bcc="", attachments=(FILE,))
    assert taken_over(MailContent(text="T", html="<b>T</b>"), DRAFT).html == "<b>T</b>"
    assert taken_over(MailContent(text="T"), None) == MailContent(text="T")


def test_recipients_are_all_who_get_it_whatever_their_names_hold() -> None:
    content = MailContent(text="T", cc='"Doe, Jane" <jane@x.org>, bob@x.org', bcc="eve@x.org")
    assert recipients("ann@x.org", content) == ["ann@x.org", "jane@x.org", "bob@x.org", "eve@x.org"]
    assert recipients("ann@x.org", MailContent(text="T")) == ["ann@x.org"]


def _mail(status: MessageStatus, number: int, **values: object) -> Message:
    at = NOW + timedelta(minutes=number)
    given = {"id": UUID(int=number), "sent_at": at, "provider_message_id": f"<{number}>"}
    return message(status, **{**given, **values})


ARRIVED = [_mail(MessageStatus.RECEIVED, 1), _mail(MessageStatus.RECEIVED, 3), _mail(MessageStatus.SENT, 4)]
LEFT = [_mail(MessageStatus.SENT, 1), _mail(MessageStatus.BOUNCED, 2), _mail(MessageStatus.FAILED, 3)]
NOT_THERE = [
    message(MessageStatus.QUEUED),
    message(MessageStatus.UNKNOWN),
    _mail(MessageStatus.RECEIVED, 1, account_id=UUID(int=99)),
]


@pytest.mark.parametrize(
    ("earlier", "mode", "found"),
    [
        (ARRIVED, None, ARRIVED[1]),
        (ARRIVED, ThreadingMode.REPLY, ARRIVED[1]),
        (ARRIVED, ThreadingMode.NEW_THREAD, None),
        (LEFT, None, None),
        (LEFT, ThreadingMode.REPLY, LEFT[1]),
        (NOT_THERE, None, None),
        (NOT_THERE, ThreadingMode.REPLY, refusals.NOTHING_TO_REPLY_TO),
        ([], ThreadingMode.NEW_THREAD, None),
    ],
)
def test_a_reply_answers_what_arrived_last_else_what_left_last(
    earlier: list[Message], mode: ThreadingMode | None, found: object
) -> None:
    assert answered(earlier, ACCOUNT, mode) == found


def test_a_reply_bears_the_subject_of_what_it_answers() -> None:
    mine = MailContent(subject="Mine", text="T")
    assert with_subject_of(mine, MailContent(subject="One")).subject == "Re: One"
    assert with_subject_of(mine, MailContent(subject="RE: One")).subject == "RE: One"
    assert with_subject_of(mine, MailContent()) == mine
    assert with_subject_of(mine, None) == mine
