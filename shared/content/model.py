"""What people wrote: the content of a draft or a message, and what is known of its attachments."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Attachment(BaseModel):
    """A file in object storage, as it was uploaded or arrived."""

    model_config = ConfigDict(frozen=True)

    name: str
    bucket: str
    path: str
    mime_type: str
    size: int
    """In bytes."""
    content_disposition: str = "attachment"


class MailContent(BaseModel):
    """The content of a draft or a message; None where nothing was written."""

    model_config = ConfigDict(frozen=True)

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    cc: str | None = None
    """Comma-separated recipients, as RFC 5322 writes them (S3-18)."""
    bcc: str | None = None
    attachments: tuple[Attachment, ...] = ()
