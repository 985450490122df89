"""Every way a thread and a message may go from one state to another: both state machines, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.contracts.threads import (
    MessageBounced,
    MessageComplained,
    MessageFact,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
    MessageStatus,
    MessageUnknown,
    ThreadChanged,
    ThreadDrafted,
    ThreadErased,
    ThreadFact,
    ThreadStatus,
)

Status = TypeVar("Status", ThreadStatus, MessageStatus)
_DRAFT, _ACTIVE, _ARCHIVED = ThreadStatus.DRAFT, ThreadStatus.ACTIVE, ThreadStatus.ARCHIVED
_WARMUP, _ERASED = ThreadStatus.WARMUP, ThreadStatus.ERASED
_QUEUED, _SENT, _FAILED = MessageStatus.QUEUED, MessageStatus.SENT, MessageStatus.FAILED
_UNKNOWN, _BOUNCED, _COMPLAINED = MessageStatus.UNKNOWN, MessageStatus.BOUNCED, MessageStatus.COMPLAINED


class IllegalTransition(RuntimeError):
    """The code was about to tell something of a thread or a message that its state machine does not know."""


@dataclass(frozen=True, slots=True)
class Transition(Generic[Status]):
    """One step of a state machine: the fact that tells it, and what triggers it; None before is the beginning."""

    before: Status | None
    fact: type[ThreadFact]
    after: Status
    trigger: str


_OUTCOMES: tuple[tuple[type[MessageFact], str], ...] = (
    (MessageSent, "a message left"),
    (MessageFailed, "a message was certainly not sent"),
    (MessageUnknown, "nobody can say whether a message was sent"),
    (MessageBounced, "a message came back"),
    (MessageComplained, "a message was called spam"),
)

THREADS: tuple[Transition[ThreadStatus], ...] = (
    Transition(None, ThreadDrafted, _DRAFT, "a client drafts it"),
    Transition(None, MessageReceived, _ACTIVE, "mail arrives that belongs to no other thread"),
    Transition(None, MessageReceived, _WARMUP, "warmup mail arrives"),
    Transition(_DRAFT, ThreadChanged, _DRAFT, "a client changes it"),
    Transition(_DRAFT, ThreadChanged, _ARCHIVED, "a client archives it"),
    Transition(_DRAFT, MessageQueued, _ACTIVE, "a client sends its first message"),
    Transition(_DRAFT, MessageReceived, _ACTIVE, "the participant writes first"),
    Transition(_ACTIVE, ThreadChanged, _ACTIVE, "a client changes it"),
    Transition(_ACTIVE, ThreadChanged, _ARCHIVED, "a client archives it"),
    Transition(_ACTIVE, MessageQueued, _ACTIVE, "a client sends another message"),
    Transition(_ACTIVE, MessageReceived, _ACTIVE, "mail arrives"),
    Transition(_ARCHIVED, ThreadChanged, _ARCHIVED, "a client changes it"),
    Transition(_ARCHIVED, ThreadChanged, _ACTIVE, "a client takes it, with messages, out of the archive"),
    Transition(_ARCHIVED, ThreadChanged, _DRAFT, "a client takes it, without messages, out of the archive"),
    Transition(_ARCHIVED, MessageReceived, _ARCHIVED, "mail arrives"),
    Transition(_WARMUP, MessageReceived, _WARMUP, "warmup mail arrives"),
    *(
        Transition(status, fact, status, trigger)
        for status in (_ACTIVE, _ARCHIVED)
        for fact, trigger in _OUTCOMES
    ),
    *(
        Transition(status, ThreadErased, _ERASED, "a client erases it")
        for status in ThreadStatus
        if status is not _ERASED
    ),
)

MESSAGES: tuple[Transition[MessageStatus], ...] = (
    Transition(None, MessageQueued, _QUEUED, "a client sends it"),
    Transition(None, MessageReceived, MessageStatus.RECEIVED, "it arrives"),
    Transition(_QUEUED, MessageSent, _SENT, "the provider has taken it"),
    Transition(_QUEUED, MessageFailed, _FAILED, "it was certainly not sent"),
    Transition(_QUEUED, MessageUnknown, _UNKNOWN, "the provider offers no way to find out"),
    Transition(_UNKNOWN, MessageSent, _SENT, "an operator finds that it was sent"),
    Transition(_UNKNOWN, MessageFailed, _FAILED, "an operator finds that it was not sent"),
    Transition(_SENT, MessageFailed, _FAILED, "the provider's mail server refuses what its API had taken"),
    *(
        Transition(status, fact, after, trigger)
        for fact, after, trigger in (
            (MessageBounced, _BOUNCED, "it comes back"),
            (MessageComplained, _COMPLAINED, "its recipient calls it spam"),
        )
        for status in (_SENT, _UNKNOWN)
    ),
    Transition(_BOUNCED, MessageComplained, _COMPLAINED, "one of its recipients calls it spam"),
)

_LEGAL: frozenset[tuple[object, type[ThreadFact], object]] = frozenset(
    {(each.before, each.fact, each.after) for each in THREADS}
) | frozenset({(each.before, each.fact, each.after) for each in MESSAGES})


def is_legal(before: Status | None, fact: type[ThreadFact], after: Status) -> bool:
    """Return whether a state machine knows this step; None before is the beginning."""
    return (before, fact, after) in _LEGAL


def require_legal(before: Status | None, fact: type[ThreadFact], after: Status) -> None:
    """Let a step of a state machine pass; None before is the beginning.

    Raises:
        IllegalTransition: It is none; nothing may be told or written of it.
    """
    if not is_legal(before, fact, after):
        begin = before.value if before else "nothing"
        raise IllegalTransition(f"{fact.__name__} does not lead from {begin} to {after.value}.")
