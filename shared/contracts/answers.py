"""The one end every request comes to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS, Event, Kind


class Outcome(StrEnum):
    """How a request ended."""

    DONE = "done"
    MATCHED = "matched"
    """What was asked for existed already and is the answer."""
    REFUSED = "refused"
    FAILED = "failed"
    """The system could not do it, or could not record that it did."""


class RequestAnswered(Event):
    """A request ended; sent exactly once per request by the owner that decided, and repeated for a repeated request.

    `needs` names the versions ("account", "warmup", "domain") a reader's projection must have reached before
    `subject_id` shows what this answer promises. `code` and `message` are set when the request was not done and
    are safe to show to the client.
    """

    KIND = Kind.ANSWER

    request_id: UUID
    outcome: Outcome
    subject_id: UUID
    code: str | None = None
    message: str | None = None
    needs: dict[str, int] = Field(default_factory=dict)
    details: dict[str, Any] = Field(default_factory=dict)


class AccountRequestAnswered(RequestAnswered):
    """The answer to a request about an account or its warmup."""

    TYPE: ClassVar[str] = "mailwright.account.request_answered.v1"
    TOPIC: ClassVar[str] = ACCOUNTS


class DomainRequestAnswered(RequestAnswered):
    """The answer to a request about a domain."""

    TYPE: ClassVar[str] = "mailwright.domain.request_answered.v1"
    TOPIC: ClassVar[str] = DOMAINS


class ThreadRequestAnswered(RequestAnswered):
    """The answer to a request about a thread."""

    TYPE: ClassVar[str] = "mailwright.thread.request_answered.v1"
    TOPIC: ClassVar[str] = THREADS


EVENTS: tuple[type[Event], ...] = (AccountRequestAnswered, DomainRequestAnswered, ThreadRequestAnswered)
