"""A message in AgentMail's words, as calls return it and webhooks carry it, in ours: nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from services.threads.ports import Listed, Mail, MailFile, Unreadable
from shared.content.clean import storable

LONGEST_ID_BYTES = 998
"""Of what names a mail: a longer line is none in mail, and no index would take it."""
BROKEN = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What comes of looking for something where it is not, or is something else."""


def mail_of(message: Any) -> Mail:
    """Return a message, fit to be kept; unknown fields are left aside.

    Raises:
        Unreadable: It lacks what every message has, or something in it is not what it should be.
    """
    try:
        return Mail(
            message_id=_id(message["message_id"]),
            thread_id=_id(message["thread_id"]),
            inbox_id=_id(message["inbox_id"]),
            at=_moment(message["timestamp"]),
            labels=_many(message.get("labels")),
            sender=_sender(message),
            to=_many(message.get("to")),
            cc=_many(message.get("cc")),
            subject=_text(message.get("subject")),
            text=_text(message.get("text")),
            html=_text(message.get("html")),
            in_reply_to=_text(message.get("in_reply_to")),
            references=_many(message.get("references")),
            headers=_headers(message.get("headers")),
            files=tuple(_file(each) for each in message.get("attachments") or ()),
        )
    except BROKEN:
        # Nothing of the message may be in what is raised.
        raise Unreadable("The provider's message lacks something, or something in it is malformed.") from None


def is_dated(item: Any) -> bool:
    """Say whether an item of a listing has a time."""
    try:
        _moment(item["timestamp"])
    except BROKEN:
        return False
    return True


def listed(items: Iterable[Any], after: datetime) -> list[Listed]:
    """Return what a listing, oldest first, says of messages: one for each item, however malformed that is."""
    found: list[Listed] = []
    for item in items:
        found.append(_listed(item, found[-1].at if found else after))
    return found


def _listed(item: Any, earliest: datetime) -> Listed:
    """Return what an item of a listing says; one without a time came with the one before it."""
    at = max(_moment(item["timestamp"]), earliest) if is_dated(item) else earliest
    try:
        message_id = item["message_id"]
        # By an id that had to be changed to be kept, the provider could not be asked for it.
        return Listed(message_id if _id(message_id) == message_id else None, at, _many(item.get("labels")))
    except BROKEN:
        return Listed(None, at, ())


def _id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID_BYTES:
        raise TypeError("not an id")
    cleaned: str = storable(value)
    if len(cleaned.encode()) > LONGEST_ID_BYTES:
        raise ValueError("longer than an id")
    return cleaned


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    cleaned: str | None = storable(value)
    return cleaned


def _many(value: Any) -> tuple[str, ...]:
    """Return texts, of which there may be one, several or none."""
    if not value:
        return ()
    several = [value] if isinstance(value, str) else value
    return tuple(storable(each) for each in several if isinstance(each, str))


def _sender(message: Mapping[str, Any]) -> str:
    """Return who wrote it: a text `from` in the reference, a list `from_` in the samples for webhooks."""
    return next(iter(_many(message.get("from") or message.get("from_"))), "")


def _headers(value: Any) -> Mapping[str, str] | None:
    if value is None:
        return None
    return {name: storable(text) for name, text in value.items() if isinstance(text, str)}


def _file(item: Mapping[str, Any]) -> MailFile:
    return MailFile(
        id=str(item["attachment_id"]),
        name=_text(item.get("filename")),
        mime_type=_text(item.get("content_type")),
        disposition=_text(item.get("content_disposition")),
        size=int(item.get("size") or 0),
    )
