"""What Puffle's answers about attachments look like, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Attachment(BaseModel):
    """A file that was uploaded; `bucket` and `path` name it in drafts and messages."""

    name: str = Field(description="The file's name, made safe.")
    bucket: str
    path: str
    mime_type: str = Field(description="What its first bytes say it is.")
    size: int = Field(description="In bytes.")
    content_disposition: str
    url: str | None = Field(
        description="Where anybody can read it for a day; null where no link can be signed."
    )


class AttachmentResponse(BaseModel):
    """A file that was uploaded."""

    attachment: Attachment
