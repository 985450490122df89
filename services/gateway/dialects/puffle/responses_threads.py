"""What Puffle's responses about threads look like, for the OpenAPI document; `render_threads.py` makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, RootModel

from services.gateway.dialects.puffle.responses import Refusal, WideAccount

_Channel = Literal["email", "linkedin"]
_Status = Literal["draft", "active", "archived", "warmup"]
_InboxState = Literal[
    "draft", "needs_reply", "active_thread", "sent_one_off", "sent_campaign", "archived", "warmup", "empty"
]


class AttachmentItem(BaseModel):
    """A file; give all of it to attach it."""

    name: str
    bucket: str
    path: str
    mime_type: str
    size: int = Field(description="In bytes.")
    content_disposition: str


class ThreadSummary(BaseModel):
    """A thread without what is written in it."""

    id: UUID
    user_id: UUID
    channel: _Channel
    status: _Status
    inbox_state: _InboxState
    account_id: UUID | None = Field(description="The sender.")
    campaign_id: UUID | None = Field(description="Always null: campaigns send elsewhere.")
    participant_email: str | None
    participant_name: str | None
    sent_count: int = Field(description="Messages that left, or are on their way.")
    received_count: int
    unread_count: int
    bounced: bool = Field(description="Whether a message came back or was called spam.")
    last_message_at: datetime | None
    last_message_direction: Literal["outbound", "inbound"] | None
    last_inbound_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Thread(ThreadSummary):
    """A thread with its draft; what is not set is null."""

    draft_subject: str | None
    draft_body_text: str | None
    draft_body_html: str | None
    draft_cc: str | None
    draft_bcc: str | None
    draft_attachments: list[AttachmentItem]


class ExistingThreads(BaseModel):
    """All threads with one participant, drafts and archived ones included: how many, and the latest 20."""

    exists: bool
    total: int
    threads: list[ThreadSummary]


class NewThread(BaseModel):
    """The draft, and the other threads with its participant."""

    thread: Thread
    existing_threads: ExistingThreads


class ThreadResponse(BaseModel):
    """One thread."""

    thread: Thread


class FilterSender(BaseModel):
    """An account that threads are sent from."""

    id: UUID
    email_address: str | None


class FilterOptions(BaseModel):
    """What threads can be filtered by."""

    senders: list[FilterSender]
    campaigns: list[UUID]
    channels: list[str]
    statuses: list[str]
    inbox_states: list[str]
    views: list[str]


class ThreadPage(BaseModel):
    """A page of threads, the last active first."""

    threads: list[Thread]
    total: int
    page: int
    limit: int
    filter_options: FilterOptions | None = Field(default=None, description="Only if `include` asks for it.")


class ThreadList(RootModel[ThreadPage | ExistingThreads]):
    """A page of threads, or with `correspondence` all that is known of it."""


class Message(BaseModel):
    """A message; `conversation_id` and `thread_id` are the same."""

    id: UUID
    conversation_id: UUID
    thread_id: UUID
    account_id: UUID
    direction: Literal["outbound", "inbound"]
    status: Literal["queued", "sent", "failed", "unknown", "bounced", "complained", "received"]
    from_email: str
    to_email: str
    subject: str | None
    body_text: str | None
    body_html: str | None
    cc: str | None
    bcc: str | None
    attachments: list[AttachmentItem]
    threading_mode: Literal["new_thread", "reply"] | None
    message_id: str | None = Field(description="The Message-ID it has in the world.")
    in_reply_to: str | None = Field(description="The Message-ID of what it answers.")
    failure: Refusal | None
    sent_at: datetime | None = Field(description="When it left or arrived.")
    created_at: datetime
    updated_at: datetime


class MessageList(BaseModel):
    """A page of messages, oldest first."""

    messages: list[Message]
    total: int
    page: int
    limit: int


class NewMessage(BaseModel):
    """A message that was sent, and its thread."""

    message: Message | None = Field(description="Null only where the call itself is not known any more.")
    thread: Thread


class Suppression(BaseModel):
    """An address that the workspace sends no mail to."""

    address: str
    reason: Literal["bounced", "complained"]
    message_id: UUID | None = Field(description="The message that came back or was called spam.")
    suppressed_at: datetime


class SuppressionResponse(BaseModel):
    """One address; null once mail goes to it again."""

    suppression: Suppression | None


class SuppressionList(BaseModel):
    """A page of addresses that no mail goes to, the latest first."""

    suppressions: list[Suppression]
    total: int
    page: int
    limit: int


class Participant(BaseModel):
    """Who a thread is with."""

    email: str | None
    name: str | None
    suppression: Suppression | None = Field(description="Why no mail goes there.")


class ThreadDetails(BaseModel):
    """A thread with everything around it."""

    thread: Thread
    messages: list[Message] = Field(description="The latest 200, oldest first.")
    participantDetails: Participant  # noqa: N815  the documented name
    senderDisconnected: bool = Field(  # noqa: N815  the documented name
        description="Whether the sender is gone or will not send again by itself."
    )
    senderAccount: WideAccount | None  # noqa: N815  the documented name
