"""What is read out of mail that arrives: who wrote it, what it answers, whether it is warmup's, and what is kept of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.threads.domain.arriving import (
    Mishap,
    Person,
    bare,
    content_of,
    is_warmup,
    own_ids,
    references_of,
    writer_of,
)
from services.threads.handlers.register_webhook import is_within_reach
from services.threads.ports import Mail, MailFile, Unreadable
from services.threads.providers.agentmail_events import read_report

ID = UUID("0199aaaa-0000-7000-8000-00000000000d")


def mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "message_id": "<1@there>",
        "thread_id": "t",
        "inbox_id": "sam@example.com",
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "labels": ("received",),
        "sender": "ann@example.com",
        "to": ("sam@example.com",),
        "subject": "Hello",
    }
    return Mail(**{**values, **changes})


@pytest.mark.parametrize(
    ("sender", "person"),
    [
        ("ann@example.com", Person("ann@example.com")),
        ("Ann@Example.COM", Person("ann@example.com")),
        ("Ann Lee <ANN@example.com>", Person("ann@example.com", "Ann Lee")),
        ('"Lee, Ann" <ann@example.com>', Person("ann@example.com", "Lee, Ann")),
        ("Ann\r\nBcc: all@x.com <ann@example.com>", Person("ann@example.com", "Ann Bcc: all@x.com")),
        ("Ann\x00\x1b Lee <ann@example.com>", Person("ann@example.com", "Ann Lee")),
        ("ann@example.com, bob@example.com", Person("ann@example.com")),
        ("ann@example.com, Bob <bob@example.com, ann@example.com>", None),
        ("undisclosed", None),
        ("", None),
        ("<>", None),
        ("a b@example.com", None),
        ("x" * 2000 + "@example.com", None),
    ],
)
def test_the_writer_is_one_address_in_lower_case(sender: str, person: Person | None) -> None:
    assert writer_of(mail(sender=sender)) == person


def test_what_a_mail_answers_comes_nearest_first() -> None:
    answering = mail(in_reply_to="<3@x>", references=("<1@x>", "<2@x>", "<3@x>"))

    assert references_of(answering) == ("<3@x>", "<2@x>", "<1@x>")


def test_headers_tell_what_a_mail_answers_where_the_provider_does_not() -> None:
    headers = {"In-Reply-To": " <2@x> ", "REFERENCES": "<1@x>\r\n\t<2@x>"}

    assert references_of(mail(headers=headers)) == ("<2@x>", "<1@x>")
    assert references_of(mail(in_reply_to="bare@x")) == ("bare@x",)
    assert references_of(mail()) == ()
    assert len(references_of(mail(references=tuple(f"<{n}@x>" for n in range(9_000))))) == 50


def test_a_message_id_of_our_own_making_names_the_message() -> None:
    assert own_ids(["<1@there>", f"<{ID}@example.com>", ""]) == (ID,)


@pytest.mark.contract("S3-31")
@pytest.mark.parametrize(
    "part",
    [
        {"subject": "Lunch | MWabc"},
        {"text": "see you\nmwabc"},
        {"html": "<p>mwabc</p>"},
        {"headers": {"X-Tag": "mwabc"}},
    ],
)
def test_warmup_mail_bears_the_tag_somewhere(part: dict[str, Any]) -> None:
    assert is_warmup(mail(**part), "mwabc")
    assert not is_warmup(mail(), "mwabc")


def test_what_is_kept_has_no_controls_where_a_line_is_expected() -> None:
    file = MailFile("a1", "../e\x00vil\r\n.pdf", "application/pdf\n", "inline", 7)
    kept = content_of(
        mail(subject="Hi\r\nBcc: x", text="a\x00b\n", cc=("Bob\n <bob@example.com>",), files=(file,))
    )

    assert (kept.subject, kept.text, kept.cc) == ("Hi Bcc: x", "a\ufffdb\n", "Bob <bob@example.com>")
    (attachment,) = kept.attachments
    assert (attachment.name, attachment.mime_type, attachment.size) == (
        "../e vil .pdf",
        "application/pdf",
        7,
    )
    assert attachment.path == "sam@example.com/<1@there>/a1"


def test_addresses_are_bare() -> None:
    assert bare(["Bob <BOB@x.com>", "bob@x.com", "nobody", ""]) == ("bob@x.com",)


MESSAGE = {
    "inbox_id": "sam@example.com",
    "thread_id": "t",
    "message_id": "<1@there>",
    "timestamp": "2026-03-01T00:00:00Z",
    "to": "sam@example.com",
}


@pytest.mark.parametrize("sender", [{"from": "ann@example.com"}, {"from_": ["ann@example.com"]}])
def test_a_sender_is_read_in_either_of_the_providers_ways(sender: dict[str, Any]) -> None:
    read = read_report("message.received", {"message": {**MESSAGE, **sender}})

    assert isinstance(read, Mail)
    assert (read.sender, read.to) == ("ann@example.com", ("sam@example.com",))


def test_what_befell_a_message_names_those_it_happened_with() -> None:
    about = {"inbox_id": "Sam@example.com", "message_id": "<1@x>", "type": "Transient"}
    statuses = [{"address": "Ann <ANN@example.com>", "status": "5.1.1"}]

    bounced = read_report("message.bounced", {"bounce": {**about, "recipients": statuses}})
    complained = read_report(
        "message.complained", {"complaint": {**about, "type": "abuse", "recipients": ["ann@example.com"]}}
    )
    rejected = read_report("message.rejected", {"reject": {**about, "type": None, "reason": "virus"}})

    assert bounced == Mishap("bounced", "sam@example.com", "<1@x>", ("ann@example.com",), is_passing=True)
    assert complained == Mishap("complained", "sam@example.com", "<1@x>", ("ann@example.com",))
    assert rejected == Mishap("rejected", "sam@example.com", "<1@x>")


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("message.received", {}),
        ("message.received", {"message": None}),
        ("message.received", {"message": {**MESSAGE, "timestamp": "secret"}}),
        ("message.bounced", {"bounce": {"inbox_id": "x"}}),
        ("message.bounced", {"bounce": {"inbox_id": "x", "message_id": "y", "recipients": [{"a": 1}]}}),
        ("message.opened", {"open": {}}),
    ],
)
def test_what_cannot_be_read_is_said_without_what_it_says(event_type: str, payload: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as caught:
        read_report(event_type, payload)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "provider", "can"),
    [
        ("https://mail.example.com", "https://api.agentmail.to", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081/agentmail", True),
        ("http://localhost:8080", "http://[::1]:8081/agentmail", True),
        ("http://gateway:8080", "http://simulator:8080/agentmail", True),
        ("http://127.0.0.1:8080", "https://api.agentmail.to", False),
        ("http://localhost:8080", "https://api.agentmail.to", False),
        ("", "http://127.0.0.1:8081/agentmail", False),
    ],
)
def test_a_provider_is_told_only_of_a_url_that_it_can_call(url: str, provider: str, can: bool) -> None:
    assert is_within_reach(url, provider) is can
