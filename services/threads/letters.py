"""Letters: messages as they leave, put together from their content and the files that lie in object storage."""

from __future__ import annotations

import json
from email.utils import getaddresses
from typing import Literal

from services.threads.domain.message import Message
from services.threads.domain.sending import FILE_MISSING, TOO_LARGE
from services.threads.ports import File, Letter, Refused
from shared.clock import Clock
from shared.content.model import Attachment, MailContent
from shared.content.objects import ObjectMissing, Objects
from shared.contracts.threads import ThreadingMode

LARGEST_REQUEST_BYTES = 6_000_000
"""What the provider takes as one JSON request."""
FRAME_BYTES = 50_000
"""Kept free for recipients, names and everything else that is short."""


class Letters:
    """Puts letters together; the same message always becomes the same letter, but for links to large files."""

    def __init__(self, objects: Objects, clock: Clock, installation: str) -> None:
        self._objects = objects
        self._clock = clock
        self._installation = installation

    def key(self, message: Message) -> str:
        """Return what the provider knows the sending by."""
        return f"mw-{self._installation}-{message.id}"

    async def compose(self, message: Message, content: MailContent) -> Letter:
        """Return a message as a letter.

        Raises:
            Refused: A file is gone, or everything together is too large.
            Retryable: Object storage cannot be reached.
        """
        return Letter(
            key=self.key(message),
            label=label_of(message),
            message_id=message_id_of(message),
            to=message.to_email,
            subject=content.subject,
            text=content.text,
            html=content.html,
            cc=_recipients(content.cc),
            bcc=_recipients(content.bcc),
            files=await self._files(content),
            answers=message.in_reply_to if message.threading_mode is ThreadingMode.REPLY else None,
        )

    async def _files(self, content: MailContent) -> tuple[File, ...]:
        """Return the attachments with their bytes; where those are too many, the largest ones by a link instead."""
        left = LARGEST_REQUEST_BYTES - FRAME_BYTES
        left -= sum(_json_bytes(body) for body in (content.subject, content.text, content.html) if body)
        inside: set[str] = set()
        for attachment in sorted(content.attachments, key=lambda each: each.size):
            left -= _base64_bytes(attachment.size)
            if left >= 0:
                inside.add(attachment.path)
        try:
            return tuple([await self._file(each, each.path in inside) for each in content.attachments])
        except ObjectMissing:
            raise Refused(FILE_MISSING.message) from None

    async def _file(self, attachment: Attachment, is_inside: bool) -> File:
        disposition: Literal["attachment", "inline"] = (
            "inline" if attachment.content_disposition == "inline" else "attachment"
        )
        if is_inside:
            chunks = [chunk async for chunk in await self._objects.get(attachment.path)]
            return File(attachment.name, attachment.mime_type, disposition, content=b"".join(chunks))
        url = await self._objects.url(attachment.path, self._clock)
        if url is None:
            raise Refused(TOO_LARGE.message)
        return File(attachment.name, attachment.mime_type, disposition, url=url)


def label_of(message: Message) -> str:
    """Return what marks a message at the provider."""
    return f"mw-{message.id}"


def message_id_of(message: Message) -> str:
    """Return the Message-ID that a message is to have in the world."""
    return f"<{message.id}@{message.from_email.partition('@')[2]}>"


def _recipients(field: str | None) -> tuple[str, ...]:
    return tuple(address for _, address in getaddresses([field or ""]) if address)


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())


def _base64_bytes(size: int) -> int:
    return (size + 2) // 3 * 4
