"""AgentMail: mail that is handed over to be sent, and mail that lies in an inbox."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from services.threads.ports import File, InboxGone, Letter, Listed, Mail, Posted
from services.threads.providers.agentmail_mail import is_dated, listed, mail_of
from services.threads.providers.errors import meaning_of
from shared.errors import Retryable, Unknown
from shared.http.answers import cursor_after
from shared.http.errors import ProviderRefused, reading
from shared.http.provider import Provider

LONGEST_BLOCK_SECONDS = 30.0
"""A longer Retry-After speaks of a spent quota: it concerns mail alone, and nobody else's calls wait for it."""
PAGE = 100
"""The most that a listing gives at once."""


class _IdsUntold(Exception):
    """An answer about a message lacks its ids."""


class AgentMail:
    """The `Postbox` and `Mailbox` ports over AgentMail's API v0."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def post(self, inbox_id: str, letter: Letter) -> Posted:
        """Send a new mail or a reply; AgentMail gives a repeated Idempotency-Key the first result for 24 hours.

        Raises:
            Refused: The recipient, the sender or the mail itself is not wanted.
            NotReady: The inbox, its domain or the answered message is not there, at least not yet.
            KeyInUse: Another call under the same key was made or runs.
        """
        operation, path = "messages.send", f"{_messages(inbox_id)}/send"
        if letter.answers is not None:
            operation, path = "messages.reply", f"{_message(inbox_id, letter.answers)}/reply"
        try:
            posted = await self._provider.call(
                operation,
                "POST",
                path,
                json=_body_of(letter),
                headers={"idempotency-key": letter.key},
                longest_block_seconds=LONGEST_BLOCK_SECONDS,
            )
        except ProviderRefused as error:
            raise meaning_of(error) from None
        try:
            return _posted(posted)
        except _IdsUntold:
            raise Unknown("The message was taken, and its ids were not told.") from None

    async def find(self, inbox_id: str, label: str, message_id: str) -> Posted | None:
        """Look for a message by its label, then by the Message-ID that it was to have.

        Raises:
            InboxGone: There is nothing to look in.
            Retryable: The look-up failed, or what was found tells no ids.
        """
        params = {"labels": label, "limit": str(PAGE), "include_trash": "true", "include_spam": "true"}
        labelled = await self._list(inbox_id, params, most=1)
        found = labelled[0] if labelled else await self._get(inbox_id, message_id)
        try:
            return None if found is None else _posted(found)
        except _IdsUntold:
            raise Retryable("The message is there, and its ids are not told.", code="ids_untold") from None

    async def read(self, inbox_id: str, message_id: str) -> Mail | None:
        """Return a message with its bodies; None if the inbox, or the message in it, is gone.

        Raises:
            Unreadable: It lacks what a message has.
        """
        found = await self._get(inbox_id, message_id)
        return None if found is None else mail_of(found)

    async def since(self, inbox_id: str, moment: datetime, *, most: int) -> Sequence[Listed]:
        """Return what a listing says of the messages after a moment, oldest first.

        Raises:
            InboxGone: There is nothing to look in.
        """
        params = {"after": moment.isoformat(), "ascending": "true", "limit": str(min(most, PAGE))}
        items = await self._list(inbox_id, params, most=most)
        if len(items) == most and not any(map(is_dated, items)):
            # There is more, and nothing says from when on to ask for it.
            raise Retryable("The listing of an inbox tells no times.", code="listing_unreadable")
        return listed(items, moment)

    async def _list(self, inbox_id: str, params: dict[str, str], *, most: int) -> list[dict[str, Any]]:
        """Return the first items of a listing, page by page: a page may be empty and still not be the last."""
        items: list[dict[str, Any]] = []
        while True:
            with reading():
                try:
                    page = await self._provider.call(
                        "messages.list", "GET", _messages(inbox_id), params=params
                    )
                except ProviderRefused as error:
                    if error.status == 404:
                        raise InboxGone("The inbox is gone.") from None
                    raise
            if not isinstance(page, dict) or not isinstance(page.get("messages"), list):
                raise Retryable("The listing of an inbox cannot be read.", code="listing_unreadable")
            items += page["messages"]
            with reading():
                cursor = cursor_after(page, "next_page_token", params.get("page_token"))
            if len(items) >= most or cursor is None:
                return items[:most]
            params = {**params, "page_token": cursor}

    async def _get(self, inbox_id: str, message_id: str) -> dict[str, Any] | None:
        with reading():
            try:
                found: dict[str, Any] = await self._provider.call(
                    "messages.get", "GET", _message(inbox_id, message_id)
                )
            except ProviderRefused as error:
                if error.status == 404:
                    return None
                raise
        return found


def _posted(item: Any) -> Posted:
    match item:
        case {"message_id": str(message_id), "thread_id": str(thread_id)}:
            return Posted(message_id, thread_id)
    raise _IdsUntold


def _messages(inbox_id: str) -> str:
    return f"/v0/inboxes/{quote(inbox_id, safe='')}/messages"


def _message(inbox_id: str, message_id: str) -> str:
    return f"{_messages(inbox_id)}/{quote(message_id, safe='')}"


def _body_of(letter: Letter) -> dict[str, Any]:
    """Return what is sent: a reply's subject is the provider's, and its recipient is named, not derived."""
    body: dict[str, Any] = {
        "to": [letter.to],
        "headers": {"Message-ID": letter.message_id},
        "labels": [letter.label],
    }
    optional = {
        "subject": letter.subject if letter.answers is None else None,
        "text": letter.text,
        "html": letter.html,
        "cc": list(letter.cc),
        "bcc": list(letter.bcc),
        "attachments": [_file(each) for each in letter.files],
    }
    return body | {name: value for name, value in optional.items() if value}


def _file(file: File) -> dict[str, Any]:
    meta = {"filename": file.name, "content_type": file.mime_type, "content_disposition": file.disposition}
    if file.content is not None:
        return meta | {"content": base64.b64encode(file.content).decode()}
    return meta | {"url": file.url}
