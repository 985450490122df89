"""A message in AgentMail's words, as calls return it and webhooks carry it, in ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.threads.ports import Mail, MailFile


def mail_of(message: Mapping[str, Any]) -> Mail:
    """Return a message; unknown fields are left aside.

    Raises:
        KeyError: It lacks what every message has.
        ValueError: Its time is none.
    """
    return Mail(
        message_id=str(message["message_id"]),
        thread_id=str(message["thread_id"]),
        inbox_id=str(message["inbox_id"]),
        at=datetime.fromisoformat(message["timestamp"]),
        labels=tuple(message.get("labels") or ()),
        sender=_sender(message),
        to=_many(message.get("to")),
        cc=_many(message.get("cc")),
        subject=message.get("subject"),
        text=message.get("text"),
        html=message.get("html"),
        in_reply_to=message.get("in_reply_to"),
        references=_many(message.get("references")),
        headers=message.get("headers"),
        files=tuple(_file(each) for each in message.get("attachments") or ()),
    )


def _sender(message: Mapping[str, Any]) -> str:
    """Return who wrote it: a text `from` in the reference, a list `from_` in the samples for webhooks."""
    return next(iter(_many(message.get("from") or message.get("from_"))), "")


def _many(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)


def _file(item: Mapping[str, Any]) -> MailFile:
    return MailFile(
        id=str(item["attachment_id"]),
        name=item.get("filename"),
        mime_type=item.get("content_type"),
        disposition=item.get("content_disposition"),
        size=int(item.get("size") or 0),
    )
