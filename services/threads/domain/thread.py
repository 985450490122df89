"""What a thread is, and how each thing that can happen changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.envelope import Recorded
from shared.contracts.threads import Channel, Direction, ThreadChanges, ThreadRequested, ThreadStatus

EDITABLE = frozenset({ThreadStatus.DRAFT, ThreadStatus.ACTIVE})
"""Threads that clients write in: they have a draft, may be sent, and keep others of the same pair away (S3-27)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread with everything the service keeps of it; the public part is `state.thread_state`."""

    id: UUID
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    channel: Channel = Channel.EMAIL
    status: ThreadStatus
    account_id: UUID | None = None
    participant_email: str | None = None
    """Always in lower case (S3-11)."""
    participant_name: str | None = None
    draft_ref: UUID | None = None
    sent: int = 0
    received: int = 0
    last_direction: Direction | None = None
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    is_bounced: bool = False
    provider_thread_id: str | None = None
    """The provider's own thread that holds its mail; None before the first one left or arrived."""
    version: int = 0
    """Counts the facts told of it and its messages; 0 before the first."""
    created_at: datetime
    updated_at: datetime
    last_event_id: UUID
    last_event_time: datetime

    @property
    def has_messages(self) -> bool:
        """Whether anything was ever sent or arrived, or is on its way."""
        return self.sent + self.received > 0 or self.last_message_at is not None


def drafted(request: Recorded, data: ThreadRequested, now: datetime) -> Thread:
    """Return the thread that a client drafts; nothing of it is sent (S3-4, S3-5)."""
    return Thread(
        id=request.subject,
        tenant_id=data.caller.tenant_id,
        workspace_id=data.workspace_id,
        user_id=data.caller.user_id,
        status=ThreadStatus.DRAFT,
        account_id=data.account_id,
        participant_email=data.participant_email.lower() if data.participant_email else None,
        participant_name=data.participant_name,
        draft_ref=data.draft_ref,
        created_at=now,
        updated_at=now,
        last_event_id=request.id,
        last_event_time=request.time,
    )


def changed(thread: Thread, changes: ThreadChanges, names: tuple[str, ...]) -> Thread:
    """Return the thread with the changes that are named.

    A thread that leaves the archive is what it was before: `active` if it has messages, else a draft; asking for `active`
    changes nothing of any other (S3-24).
    """
    after = thread
    if "account_id" in names:
        after = replace(after, account_id=changes.account_id)
    if "participant_email" in names:
        address = changes.participant_email
        after = replace(after, participant_email=address.lower() if address else None)
    if "participant_name" in names:
        after = replace(after, participant_name=changes.participant_name)
    if "status" in names and changes.status == "archived":
        after = replace(after, status=ThreadStatus.ARCHIVED)
    elif "status" in names and changes.status == "active" and thread.status is ThreadStatus.ARCHIVED:
        after = replace(after, status=ThreadStatus.ACTIVE if thread.has_messages else ThreadStatus.DRAFT)
    return after


def queued(thread: Thread, account_id: UUID) -> Thread:
    """A message is on its way from this account: the draft has become it."""
    return replace(
        thread, account_id=account_id, status=ThreadStatus.ACTIVE, draft_ref=None, sent=thread.sent + 1
    )


def sent(thread: Thread, at: datetime, provider_thread_id: str | None = None) -> Thread:
    """A message left."""
    return replace(
        _moved(thread, Direction.OUTBOUND, at),
        provider_thread_id=provider_thread_id or thread.provider_thread_id,
    )


def perhaps_sent(thread: Thread, at: datetime) -> Thread:
    """A message may have left, and nobody can say: it counts as if it had."""
    return _moved(thread, Direction.OUTBOUND, at)


def not_sent(thread: Thread) -> Thread:
    """A message that was on its way was certainly not sent."""
    return replace(thread, sent=thread.sent - 1)


def received(thread: Thread, at: datetime, provider_thread_id: str | None = None) -> Thread:
    """A message arrived; a draft becomes a correspondence, an archived thread stays where it is."""
    is_draft = thread.status is ThreadStatus.DRAFT
    moved = _moved(thread, Direction.INBOUND, at)
    return replace(
        moved,
        status=ThreadStatus.ACTIVE if is_draft else thread.status,
        received=thread.received + 1,
        last_inbound_at=max(at, thread.last_inbound_at or at),
        provider_thread_id=provider_thread_id or thread.provider_thread_id,
    )


def undeliverable(thread: Thread) -> Thread:
    """A message to the participant bounced or was complained of."""
    return replace(thread, is_bounced=True)


def erased(thread: Thread) -> Thread:
    """Nothing is left of it but that it was there."""
    return replace(
        thread,
        status=ThreadStatus.ERASED,
        participant_email=None,
        participant_name=None,
        draft_ref=None,
        provider_thread_id=None,
    )


def _moved(thread: Thread, direction: Direction, at: datetime) -> Thread:
    """Mail that turns up late changes neither the last time nor the last direction."""
    if thread.last_message_at is not None and at < thread.last_message_at:
        return thread
    return replace(thread, last_direction=direction, last_message_at=at)
