"""What every event carries besides its data, and the base class of that data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

ACCOUNTS = "mailwright.accounts.v1"
DOMAINS = "mailwright.domains.v1"
THREADS = "mailwright.threads.v1"
TOPICS = (ACCOUNTS, DOMAINS, THREADS)


class Kind(StrEnum):
    """What an event is for its readers."""

    REQUEST = "request"
    """What a client asked; written by the gateway, acted on by the aggregate's owner."""
    FACT = "fact"
    """What happened to an aggregate; carries its whole public state and its version."""
    ANSWER = "answer"
    """The one end of a request."""


class Model(BaseModel):
    """Immutable data on the wire; unknown fields are ignored, so that a newer producer can add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Model):
    """The data of one event; subclasses name their stable wire type and their topic."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    KIND: ClassVar[Kind]

    @property
    def brought(self) -> tuple[UUID, ...]:
        """The pieces of content that a request came with, which are nobody's if it comes to nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as its producer recorded it, before the relay gave it a place in the log.

    `subject` is the aggregate's id and the record's key. `sequence` is the aggregate's version and set on facts
    only. `causation_id` is the id of the event that led to this one. An event may arrive more than once; its id
    stays the same.
    """

    id: UUID
    subject: UUID
    time: datetime
    tenant_id: UUID
    workspace_id: UUID | None
    data: Event
    sequence: int | None = None
    request_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An event as a consumer sees it: what was recorded, by whom, and where in the producer's log."""

    event: Recorded
    source: str
    topic: str
    partition: int
    position: int
