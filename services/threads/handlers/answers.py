"""The words in which the threads service answers requests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.threads.domain.refusals import THREAD_EXISTS, Refusal
from services.threads.domain.thread import Thread
from shared.contracts.accounts import Failure
from shared.contracts.answers import Outcome, ThreadRequestAnswered


def done(request_id: UUID, thread: Thread, details: dict[str, Any] | None = None) -> ThreadRequestAnswered:
    """It is as asked, and `thread` is the version that shows it."""
    return ThreadRequestAnswered(
        request_id=request_id,
        outcome=Outcome.DONE,
        subject_id=thread.id,
        needs={"thread": thread.version},
        details=details or {},
    )


def refused(request_id: UUID, subject_id: UUID, refusal: Refusal) -> ThreadRequestAnswered:
    """It cannot be done as things are."""
    return ThreadRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=subject_id,
        code=refusal.code,
        message=refusal.message,
        details=dict(refusal.details),
    )


def exists(request_id: UUID, existing: Thread) -> ThreadRequestAnswered:
    """The sender has a thread with this recipient, which the answer names (S3-27, S3-28)."""
    return ThreadRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=existing.id,
        code=THREAD_EXISTS.code,
        message=THREAD_EXISTS.message,
        needs={"thread": existing.version},
    )


def failed(
    request_id: UUID, thread: Thread, failure: Failure, details: dict[str, Any]
) -> ThreadRequestAnswered:
    """It was begun and certainly came to nothing."""
    return ThreadRequestAnswered(
        request_id=request_id,
        outcome=Outcome.FAILED,
        subject_id=thread.id,
        code=failure.code,
        message=failure.message,
        needs={"thread": thread.version},
        details=details,
    )
