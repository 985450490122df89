"""Threads and their messages: what clients ask of them, and the facts the threads service states about them.

Mail content (subjects, bodies, copies, attachments) is never in an event: a `content_ref` names it in the content store.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.accounts import Failure
from shared.contracts.envelope import THREADS, Event, Kind, Model
from shared.contracts.requests import Request


class Channel(StrEnum):
    """What a thread is carried by."""

    EMAIL = "email"
    LINKEDIN = "linkedin"


class ThreadStatus(StrEnum):
    """Where a thread is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"
    WARMUP = "warmup"
    """Mail that the warmup provider exchanges; it is nobody's correspondence and stays out of the way."""
    ERASED = "erased"


class Direction(StrEnum):
    """Whether a message leaves or arrives."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class MessageStatus(StrEnum):
    """Where a message is in its life."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    """It was certainly not sent."""
    UNKNOWN = "unknown"
    """The provider offers no way to find out whether it was sent; an operator decides."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    """Its recipient called it spam."""
    RECEIVED = "received"


class ThreadingMode(StrEnum):
    """How a message joins the correspondence."""

    NEW_THREAD = "new_thread"
    REPLY = "reply"


class ThreadState(Model):
    """The whole public state of a thread; every thread fact carries it."""

    thread_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    channel: Channel = Channel.EMAIL
    status: ThreadStatus
    created_at: datetime
    updated_at: datetime
    account_id: UUID | None = None
    """The sender; None while none was chosen (S3-12)."""
    participant_email: str | None = None
    """The recipient, always in lower case (S3-11)."""
    participant_name: str | None = None
    draft_ref: UUID | None = None
    """The draft in the content store; None when there is none, or it was sent."""
    sent: int = 0
    """Messages that left, or are on their way."""
    received: int = 0
    last_direction: Direction | None = None
    last_message_at: datetime | None = None
    """When the last message was sent or arrived; never moves backwards."""
    last_inbound_at: datetime | None = None
    is_bounced: bool = False
    """Whether a message to this participant bounced or was complained of."""


class MessageState(Model):
    """The whole public state of a message; every message fact carries it beside its thread's."""

    message_id: UUID
    thread_id: UUID
    account_id: UUID
    direction: Direction
    status: MessageStatus
    content_ref: UUID
    created_at: datetime
    updated_at: datetime
    from_email: str
    to_email: str
    sent_at: datetime | None = None
    """When it left or arrived; None while it has not."""
    threading_mode: ThreadingMode | None = None
    provider_message_id: str | None = None
    """The Message-ID it has in the world."""
    in_reply_to: str | None = None
    """The Message-ID of what it answers."""
    failure: Failure | None = None
    """Why it failed, is unknown, bounced or was complained of."""


class SuppressionState(Model):
    """The whole public state of an address that a workspace sends no mail to, or did so once."""

    suppression_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    address: str
    """Always in lower case."""
    reason: Literal["bounced", "complained"]
    message_id: UUID | None = None
    """The message that came back or was called spam."""
    suppressed_at: datetime
    lifted_at: datetime | None = None
    """When a client let mail go to it again; None while it is in force."""


# --- requests -------------------------------------------------------------------------------------------------


class ThreadRequested(Request):
    """A client drafts a thread; the record's subject is the id the thread will have."""

    TYPE: ClassVar[str] = "mailwright.thread.requested.v1"
    TOPIC: ClassVar[str] = THREADS

    workspace_id: UUID
    account_id: UUID | None = None
    participant_email: str | None = None
    participant_name: str | None = None
    draft_ref: UUID | None = None
    seen: dict[str, int] = Field(default_factory=dict)
    """The versions ("account", "warmup") of the sender that the gateway had seen; the owner waits until it has, too."""

    @property
    def brought(self) -> tuple[UUID, ...]:
        """The draft."""
        return (self.draft_ref,) if self.draft_ref else ()


class ThreadChanges(Model):
    """New values of what a client may change; `ThreadChangeRequested.changed` names those that count."""

    status: Literal["active", "archived"] | None = None
    account_id: UUID | None = None
    participant_email: str | None = None
    participant_name: str | None = None


class ThreadChangeRequested(Request):
    """A client changes a thread; `draft_changed` names the parts of the content at `draft_ref` that replace the draft's."""

    TYPE: ClassVar[str] = "mailwright.thread.change_requested.v1"
    TOPIC: ClassVar[str] = THREADS

    changes: ThreadChanges
    changed: tuple[str, ...] = ()
    draft_ref: UUID | None = None
    draft_changed: tuple[str, ...] = ()
    seen: dict[str, int] = Field(default_factory=dict)
    """As in `ThreadRequested`, of a sender that is chosen now."""

    @property
    def brought(self) -> tuple[UUID, ...]:
        """The draft."""
        return (self.draft_ref,) if self.draft_ref else ()


class ThreadErasureRequested(Request):
    """A client wants a thread gone with everything that was written in it."""

    TYPE: ClassVar[str] = "mailwright.thread.erasure_requested.v1"
    TOPIC: ClassVar[str] = THREADS


class MessageSendRequested(Request):
    """A client sends a message in a thread, the record's subject; `message_id` is the id the message will have."""

    TYPE: ClassVar[str] = "mailwright.thread.message_send_requested.v1"
    TOPIC: ClassVar[str] = THREADS

    message_id: UUID
    content_ref: UUID
    account_id: UUID | None = None
    """The sender, where the thread has none."""
    threading_mode: ThreadingMode | None = None
    """None: a reply if there is something to answer, else a new mail."""
    seen: dict[str, int] = Field(default_factory=dict)
    """As in `ThreadRequested`, of the sender that this message goes out from."""

    @property
    def brought(self) -> tuple[UUID, ...]:
        """What the message says."""
        return (self.content_ref,)


class SuppressionRemovalRequested(Request):
    """A client lets mail go to an address again that bounced or complained; the subject is the workspace."""

    TYPE: ClassVar[str] = "mailwright.thread.suppression_removal_requested.v1"
    TOPIC: ClassVar[str] = THREADS

    workspace_id: UUID
    address: str


# --- what a provider reports ----------------------------------------------------------------------------------


class ProviderEventReported(Event):
    """The inbox provider reported something by a webhook whose signature was right; the payload is content.

    The subject is derived from the inbox, so that what is reported of one inbox stays in order.
    """

    TYPE: ClassVar[str] = "mailwright.thread.provider_event_reported.v1"
    TOPIC: ClassVar[str] = THREADS
    KIND: ClassVar[Kind] = Kind.REQUEST

    provider: str
    event_id: str
    """The provider's own id of the event: a repetition has the same one."""
    event_type: str
    inbox_id: str | None
    content_ref: UUID


# --- facts ----------------------------------------------------------------------------------------------------


class ThreadFact(Event):
    """Something that happened to a thread; `thread` is its state right after."""

    TOPIC: ClassVar[str] = THREADS
    KIND: ClassVar[Kind] = Kind.FACT

    thread: ThreadState


class ThreadDrafted(ThreadFact):
    """The thread exists, as a draft that was not sent (S3-5)."""

    TYPE: ClassVar[str] = "mailwright.thread.drafted.v1"


class ThreadChanged(ThreadFact):
    """A client changed the thread."""

    TYPE: ClassVar[str] = "mailwright.thread.changed.v1"


class ThreadErased(ThreadFact):
    """The thread is gone, and so is the content of its messages."""

    TYPE: ClassVar[str] = "mailwright.thread.erased.v1"


class MessageFact(ThreadFact):
    """Something that happened to a message; its version is its thread's."""

    message: MessageState


class MessageQueued(MessageFact):
    """The message will be sent, or it will be said why not."""

    TYPE: ClassVar[str] = "mailwright.thread.message_queued.v1"


class MessageSent(MessageFact):
    """The provider has taken the message, exactly once."""

    TYPE: ClassVar[str] = "mailwright.thread.message_sent.v1"


class MessageFailed(MessageFact):
    """The message was certainly not sent; `failure` says why."""

    TYPE: ClassVar[str] = "mailwright.thread.message_failed.v1"


class MessageUnknown(MessageFact):
    """Whether the message was sent cannot be found out; it is never sent again by itself."""

    TYPE: ClassVar[str] = "mailwright.thread.message_unknown.v1"


class MessageReceived(MessageFact):
    """A message arrived and joined its thread, which it may have begun."""

    TYPE: ClassVar[str] = "mailwright.thread.message_received.v1"


class MessageBounced(MessageFact):
    """A message that was sent came back; its recipient gets no more until a client allows it."""

    TYPE: ClassVar[str] = "mailwright.thread.message_bounced.v1"


class MessageComplained(MessageFact):
    """The recipient of a message called it spam and gets no more."""

    TYPE: ClassVar[str] = "mailwright.thread.message_complained.v1"


class SuppressionFact(Event):
    """Something that happened to the suppression of an address in a workspace; `suppression` is its state right after."""

    TOPIC: ClassVar[str] = THREADS
    KIND: ClassVar[Kind] = Kind.FACT

    suppression: SuppressionState


class AddressSuppressed(SuppressionFact):
    """The workspace sends no more mail to the address, because one came back or was called spam."""

    TYPE: ClassVar[str] = "mailwright.suppression.added.v1"


class SuppressionLifted(SuppressionFact):
    """A client lets mail go to the address again."""

    TYPE: ClassVar[str] = "mailwright.suppression.lifted.v1"


EVENTS: tuple[type[Event], ...] = (
    ThreadRequested,
    ThreadChangeRequested,
    ThreadErasureRequested,
    MessageSendRequested,
    SuppressionRemovalRequested,
    ProviderEventReported,
    ThreadDrafted,
    ThreadChanged,
    ThreadErased,
    MessageQueued,
    MessageSent,
    MessageFailed,
    MessageUnknown,
    MessageReceived,
    MessageBounced,
    MessageComplained,
    AddressSuppressed,
    SuppressionLifted,
)
