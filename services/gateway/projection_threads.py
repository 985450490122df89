"""How facts about threads, messages and suppressions become rows: pure functions that fold an event into a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.gateway.projection_rows import Row, fold
from shared.contracts.envelope import Recorded
from shared.contracts.threads import (
    Direction,
    MessageFact,
    MessageState,
    SuppressionFact,
    SuppressionState,
    ThreadFact,
    ThreadState,
    ThreadStatus,
)
from shared.db.cas import WriteOutcome


class InboxState(StrEnum):
    """What a thread is to somebody who works through an inbox."""

    DRAFT = "draft"
    NEEDS_REPLY = "needs_reply"
    ACTIVE_THREAD = "active_thread"
    SENT_ONE_OFF = "sent_one_off"
    SENT_CAMPAIGN = "sent_campaign"
    """No thread is in it: there are no campaigns."""
    ARCHIVED = "archived"
    WARMUP = "warmup"
    EMPTY = "empty"


def inbox_state(thread: ThreadState) -> InboxState:
    """Return what a thread is to its readers; it follows from the thread alone."""
    if thread.status is ThreadStatus.WARMUP:
        return InboxState.WARMUP
    if thread.status is ThreadStatus.ARCHIVED:
        return InboxState.ARCHIVED
    if thread.sent + thread.received == 0:
        is_draft = thread.status is ThreadStatus.DRAFT or thread.draft_ref is not None
        return InboxState.DRAFT if is_draft else InboxState.EMPTY
    if thread.last_direction is Direction.INBOUND:
        return InboxState.NEEDS_REPLY
    return InboxState.ACTIVE_THREAD if thread.received else InboxState.SENT_ONE_OFF


@dataclass(frozen=True, slots=True)
class ThreadRow(Row[ThreadState]):
    """One row of the `thread` projection."""

    @property
    def is_deleted(self) -> bool:
        """Return whether this is a tombstone: kept, so that an old event cannot resurrect the thread."""
        return self.state is not None and self.state.status is ThreadStatus.ERASED


@dataclass(frozen=True, slots=True)
class MessageRow(Row[MessageState]):
    """One row of the `message` projection; its version is that of its thread when it last changed."""


@dataclass(frozen=True, slots=True)
class SuppressionRow(Row[SuppressionState]):
    """One row of the `suppression` projection."""

    @property
    def is_deleted(self) -> bool:
        """Return whether it was lifted."""
        return self.state is not None and self.state.lifted_at is not None


def active_at(thread: ThreadState) -> datetime:
    """Return where a thread stands in a list: when its last message was, or when it was made."""
    return thread.last_message_at or thread.created_at


def placed_at(message: MessageState) -> datetime:
    """Return where a message stands in its thread: when it left or arrived, or when it was asked for."""
    return message.sent_at or message.created_at


def fold_thread(row: ThreadRow, event: Recorded) -> tuple[ThreadRow, WriteOutcome]:
    """Apply a fact of a thread or of a message in it; an older version changes nothing.

    Raises:
        TypeError: The event is no such fact.
        ValueError: It carries no version.
    """
    if not isinstance(event.data, ThreadFact):
        raise TypeError(f"{event.data.TYPE} is no fact about a thread")
    state = event.data.thread
    return fold(row, event, state, (state.tenant_id, state.workspace_id))


def fold_message(row: MessageRow, event: Recorded) -> MessageRow:
    """Apply a fact of a message; an older version changes nothing, and gaps are its thread's other facts.

    Raises:
        TypeError: The event is no such fact.
        ValueError: It carries no version.
    """
    if not isinstance(event.data, MessageFact):
        raise TypeError(f"{event.data.TYPE} is no fact about a message")
    thread = event.data.thread
    changed, _ = fold(row, event, event.data.message, (thread.tenant_id, thread.workspace_id))
    return changed


def fold_suppression(row: SuppressionRow, event: Recorded) -> tuple[SuppressionRow, WriteOutcome]:
    """Apply a fact of a suppression; an older version changes nothing.

    Raises:
        TypeError: The event is no such fact.
        ValueError: It carries no version.
    """
    if not isinstance(event.data, SuppressionFact):
        raise TypeError(f"{event.data.TYPE} is no fact about a suppression")
    state = event.data.suppression
    return fold(row, event, state, (state.tenant_id, state.workspace_id))
