"""What Puffle's calls about threads may contain."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.dialects.puffle.fields import (
    AccountId,
    Html,
    Participant,
    Plain,
    Recipients,
    SentText,
    Subject,
    Text,
    check_recipients,
)
from services.gateway.dialects.puffle.schemas import Body, Name
from services.gateway.files import MOST
from shared.content.model import Attachment, MailContent
from shared.contracts.threads import ThreadingMode

LIMIT = 1_048_576
"""Largest body of a call with mail content, in bytes."""
_LONGEST_URL = 8_192  # a store's own signatures are long

DRAFT_PARTS = {
    "draft_subject": "subject",
    "draft_body_text": "text",
    "draft_body_html": "html",
    "draft_cc": "cc",
    "draft_bcc": "bcc",
    "draft_attachments": "attachments",
}
"""The fields of a draft, and what the content store calls them."""


class GivenAttachment(Body):
    """A file as its upload answered it; `bucket` and `path` name it, the rest is taken from what was uploaded."""

    name: Plain
    bucket: Plain
    path: Plain
    mime_type: Plain
    size: Annotated[int, Field(ge=0)]
    content_disposition: Plain = "attachment"
    url: str | None = Field(default=None, description="Ignored.", max_length=_LONGEST_URL)

    def as_attachment(self) -> Attachment:
        """Return what the client says the file is."""
        return Attachment(**self.model_dump(exclude={"url"}))


Attachments = Annotated[list[GivenAttachment], Field(max_length=MOST)]


class _Draft(Body):
    """The fields of a draft."""

    account_id: AccountId = Field(default=None, description="The email account it is sent from.")
    participant_email: Participant = Field(
        default=None, description="The recipient, lowercased by the server. Needed to send."
    )
    participant_name: Name = Field(default=None, description="The recipient's display name.")
    draft_subject: Subject = None
    draft_body_text: Text = None
    draft_body_html: Html = None
    draft_cc: Recipients = Field(default=None, description="Comma-separated recipients.")
    draft_bcc: Recipients = Field(default=None, description="Comma-separated recipients.")
    draft_attachments: Attachments | None = Field(
        default=None, description="Files as their upload answered them."
    )

    @property
    def content(self) -> MailContent:
        """Return what the draft says; its attachments are as the client describes them."""
        return MailContent(
            subject=self.draft_subject,
            text=self.draft_body_text,
            html=self.draft_body_html,
            cc=self.draft_cc,
            bcc=self.draft_bcc,
            attachments=tuple(each.as_attachment() for each in self.draft_attachments or ()),
        )

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        check_recipients(self.participant_email, self.draft_cc, self.draft_bcc)
        return self


class CreateThread(_Draft):
    """A draft of a one-off mail. At least one field besides `account_id` must say something."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": "0199aaaa-0000-7000-8000-000000000001",
                "participant_email": "grace@example.com",
                "participant_name": "Grace Hopper",
                "draft_subject": "Compilers",
                "draft_body_text": "Dear Grace, may I ask you something?",
            }
        }
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        is_said = self.participant_email or self.participant_name or self.content != MailContent()
        if not is_said:
            raise PydanticCustomError("refused", "At least one field of the draft must be given.")
        return self


class ChangeThread(_Draft):
    """What is to be different; a field that is left out stays, and null clears it."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "archived"}})

    status: str = Field(
        default="", description="`active` or `archived`; any other value is ignored.", max_length=64
    )
    unread_count: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the fields that the owner of the thread changes, as it calls them."""
        own = ("account_id", "participant_email", "participant_name")
        status = ("status",) if self.status in {"active", "archived"} else ()
        return status + tuple(each for each in own if each in self.model_fields_set)

    @property
    def draft_changed(self) -> tuple[str, ...]:
        """Return the parts of the draft that are replaced."""
        return tuple(part for name, part in DRAFT_PARTS.items() if name in self.model_fields_set)

    @property
    def sets_unread(self) -> bool:
        """Return whether the count of unread messages is set."""
        return "unread_count" in self.model_fields_set

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.changed or self.draft_changed or self.sets_unread):
            raise PydanticCustomError("refused", "At least one field that can be changed must be given.")
        return self


class SendMessage(Body):
    """A message to send now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"body_text": "Dear Grace, may I ask you something?", "subject": "Compilers"}
        }
    )

    body_text: SentText
    body_html: Html = None
    subject: Subject = Field(
        default=None, description="Needed for a new mail, unless the thread's draft has one."
    )
    account_id: AccountId = Field(default=None, description="The sender, if the thread has none.")
    threading_mode: Literal["new_thread", "reply"] | None = Field(
        default=None, description="Left out, it is a reply if there is something to answer."
    )
    cc: Recipients = Field(default=None, description="Comma-separated recipients.")
    bcc: Recipients = Field(default=None, description="Comma-separated recipients.")
    attachments: Attachments | None = Field(default=None, description="Files as their upload answered them.")

    @property
    def mode(self) -> ThreadingMode | None:
        """Return how the message joins the correspondence."""
        return ThreadingMode(self.threading_mode) if self.threading_mode else None

    @property
    def content(self) -> MailContent:
        """Return what the message says; its attachments are as the client describes them."""
        return MailContent(
            subject=self.subject,
            text=self.body_text,
            html=self.body_html,
            cc=self.cc,
            bcc=self.bcc,
            attachments=tuple(each.as_attachment() for each in self.attachments or ()),
        )

    @model_validator(mode="after")
    def _is_a_message(self) -> Self:
        check_recipients("the participant", self.cc, self.bcc)
        return self
