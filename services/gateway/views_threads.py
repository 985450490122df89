"""What a reader sees of threads, messages and suppressions, before any dialect speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gateway.projection_threads import InboxState, inbox_state
from shared.content.model import MailContent
from shared.contracts.threads import MessageState, ThreadState


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread as its readers see it; `draft` is what was written and not sent, `unread` counts what arrived since."""

    thread: ThreadState
    version: int
    unread: int
    draft: MailContent = field(default_factory=MailContent)

    @property
    def inbox_state(self) -> InboxState:
        """Return what the thread is to somebody who works through an inbox."""
        return inbox_state(self.thread)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with what is written in it."""

    message: MessageState
    content: MailContent


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The threads that a workspace has with one participant: how many, and the latest of them."""

    total: int = 0
    threads: Sequence[ThreadView] = ()


@dataclass(frozen=True, slots=True)
class ThreadAnswerView:
    """What the answer to a request about a thread shows.

    `correspondence` are the other threads with its participant, `message` the one that was sent.
    """

    thread: ThreadView
    correspondence: Correspondence = field(default_factory=Correspondence)
    message: MessageView | None = None


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """A part of a list of threads, and how many there are in all."""

    threads: Sequence[ThreadView]
    total: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A part of a thread's messages, and how many there are in all."""

    messages: Sequence[MessageView]
    total: int
