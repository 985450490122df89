"""The provider's mail is read as far as it can be kept, and nothing in it stops the reader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.threads.ports import Listed, Unreadable
from services.threads.providers.agentmail_mail import listed, mail_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIL: dict[str, Any] = {
    "message_id": "<1@there>",
    "thread_id": "t",
    "inbox_id": "sam@example.com",
    "timestamp": "2026-03-01T12:00:00Z",
    "labels": ["received"],
    "from": "ann@example.com",
}


@pytest.mark.parametrize(
    "malformed",
    [
        {"message_id": None},
        {"message_id": ""},
        {"message_id": 7},
        {"message_id": "<" + "x" * 1_000 + ">"},
        {"message_id": "<" + "\u20ac" * 900 + ">"},
        {"thread_id": None},
        {"inbox_id": ["sam@example.com"]},
        {"timestamp": "secret"},
        {"timestamp": 1},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"labels": 1},
        {"subject": {"secret": 1}},
        {"text": ["secret"]},
        {"headers": ["secret"]},
        {"in_reply_to": 1},
        {"attachments": [{"filename": "secret"}]},
        {"attachments": ["secret"]},
        {"attachments": [{"attachment_id": "a", "filename": 1}]},
        {"attachments": [{"attachment_id": "a", "size": "secret"}]},
        {"attachments": [{"attachment_id": "a", "size": float("inf")}]},
    ],
)
def test_a_malformed_mail_is_unreadable_and_nothing_of_it_is_told(malformed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as caught:
        mail_of({**MAIL, **malformed})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("message", [None, [], "secret", 1, {}])
def test_what_is_no_mail_is_unreadable(message: object) -> None:
    with pytest.raises(Unreadable):
        mail_of(message)


def test_a_mail_is_fit_to_be_kept_in_all_its_parts() -> None:
    wild = "a\x00b\ud800"
    mail = mail_of(
        {
            **MAIL,
            **dict.fromkeys(
                ("message_id", "thread_id", "subject", "text", "html", "in_reply_to", "from"), wild
            ),
            "references": [wild, None],
            "headers": {"X-Wild": wild, "X-None": None},
            "attachments": [{"attachment_id": "a", "filename": wild}],
        }
    )

    tame = "a\ufffdb\ufffd"
    assert {mail.message_id, mail.thread_id, mail.subject, mail.text, mail.html, mail.in_reply_to} == {tame}
    assert (mail.sender, mail.references, mail.headers) == (tame, (tame,), {"X-Wild": tame})
    assert mail.files[0].name == tame


def test_a_time_without_a_zone_is_utc() -> None:
    assert mail_of({**MAIL, "timestamp": "2026-03-01T12:00:00"}).at == NOON


def test_a_listing_says_something_of_every_item() -> None:
    later = NOON.replace(hour=13)
    items: list[Any] = [
        {**MAIL, "attachments": [{}]},
        {**MAIL, "message_id": "<\x00@there>", "timestamp": "2026-03-01T13:00:00Z"},
        None,
        {**MAIL, "message_id": "<2@there>", "timestamp": None},
        {**MAIL, "message_id": "<3@there>", "timestamp": "0001-01-01T00:00:00Z"},
        {**MAIL, "message_id": "<4@there>", "labels": 1},
    ]

    assert listed(items, datetime(2026, 1, 1, tzinfo=UTC)) == [
        Listed("<1@there>", NOON, ("received",)),
        Listed(None, later, ("received",)),
        Listed(None, later, ()),
        Listed("<2@there>", later, ("received",)),
        Listed("<3@there>", later, ("received",)),
        Listed(None, later, ()),
    ]
