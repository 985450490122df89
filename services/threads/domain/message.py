"""What a message is, and how each thing that can happen changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.threads.domain.thread import Thread
from shared.contracts.accounts import Failure
from shared.contracts.envelope import Recorded
from shared.contracts.threads import Direction, MessageSendRequested, MessageStatus, ThreadingMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message with everything the service keeps of it; the public part is `state.message_state`."""

    id: UUID
    thread_id: UUID
    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    direction: Direction
    status: MessageStatus
    content_ref: UUID
    from_email: str
    to_email: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    threading_mode: ThreadingMode | None = None
    provider_message_id: str | None = None
    in_reply_to: str | None = None
    """The Message-ID of what it answers; a reply has one."""
    failure_code: str | None = None
    failure_message: str | None = None
    request_id: UUID | None = None
    """The request to send it, until that is answered."""
    request_event_id: UUID | None = None
    request_event_time: datetime | None = None
    traceparent: str | None = None
    day: date | None = None
    """The UTC day whose limit it counts against."""
    intent_at: datetime | None = None
    """When the first call to the provider began whose outcome is not known; None while it certainly was not sent."""
    called_at: datetime | None = None
    """When the last such call began."""
    unready_since: datetime | None = None
    """Since when the provider cannot send it because of its inbox."""
    attempts: int = 0
    due_at: datetime | None = None
    lease_token: UUID | None = None

    @property
    def is_untouched(self) -> bool:
        """Whether it is certain that the provider has not heard of it."""
        return self.status is MessageStatus.QUEUED and self.intent_at is None


def queued(
    thread: Thread,
    account_id: UUID,
    request: Recorded,
    data: MessageSendRequested,
    *,
    content_ref: UUID,
    from_email: str,
    to_email: str,
    answers: Message | None,
    now: datetime,
) -> Message:
    """Return the message that a client sends, due at once; `answers` is what it replies to."""
    return Message(
        id=data.message_id,
        thread_id=thread.id,
        account_id=account_id,
        tenant_id=thread.tenant_id,
        workspace_id=thread.workspace_id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        content_ref=content_ref,
        from_email=from_email,
        to_email=to_email,
        created_at=now,
        updated_at=now,
        threading_mode=ThreadingMode.REPLY if answers else ThreadingMode.NEW_THREAD,
        in_reply_to=answers.provider_message_id if answers else None,
        request_id=request.request_id,
        request_event_id=request.id,
        request_event_time=request.time,
        traceparent=request.traceparent,
        day=now.date(),
        due_at=now,
    )


def sent(message: Message, at: datetime, provider_message_id: str | None) -> Message:
    """The provider has taken it."""
    return replace(
        _over(message),
        status=MessageStatus.SENT,
        sent_at=at,
        provider_message_id=provider_message_id,
        failure_code=None,
        failure_message=None,
    )


def failed(message: Message, failure: Failure) -> Message:
    """It was certainly not sent."""
    return _with_failure(_over(message), MessageStatus.FAILED, failure)


def unknown(message: Message, failure: Failure) -> Message:
    """Nobody can say whether it was sent."""
    return _with_failure(_over(message), MessageStatus.UNKNOWN, failure)


def bounced(message: Message, failure: Failure) -> Message:
    """It came back."""
    return _with_failure(message, MessageStatus.BOUNCED, failure)


def complained(message: Message, failure: Failure) -> Message:
    """Its recipient called it spam."""
    return _with_failure(message, MessageStatus.COMPLAINED, failure)


def _over(message: Message) -> Message:
    """Nothing is due for it any more, and whoever asked for it is answered."""
    return replace(
        message,
        request_id=None,
        request_event_id=None,
        request_event_time=None,
        intent_at=None,
        called_at=None,
        unready_since=None,
        due_at=None,
    )


def _with_failure(message: Message, status: MessageStatus, failure: Failure) -> Message:
    return replace(message, status=status, failure_code=failure.code, failure_message=failure.message)
