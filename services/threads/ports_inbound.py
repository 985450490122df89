"""What mail that arrives needs of the outside: how the provider tells of it, and what is kept until it is worked off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.threads.domain.arriving import Mishap
from services.threads.ports import Mail

RECEIVED = "message.received"
"""The provider's event of mail that arrived; what it finds suspicious has events that begin with this."""
WORKED_OFF = frozenset({RECEIVED, "message.bounced", "message.complained", "message.rejected"})
"""The provider's events that something follows from."""


class ReadReport(Protocol):
    """Puts what the provider reported into our words."""

    def __call__(self, event_type: str, payload: Mapping[str, Any]) -> Mail | Mishap:
        """Return the mail that arrived, or what befell one that left.

        Raises:
            Unreadable: It lacks what such an event has.
        """
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something the provider reported, or mail the poller found, under a lease of this worker's."""

    provider: str
    event_id: str
    event_type: str
    inbox_id: str | None
    content_ref: UUID | None
    mail_id: str | None
    cause_id: UUID | None
    cause_time: datetime | None
    attempts: int
    lease_token: UUID


@dataclass(frozen=True, slots=True)
class Registered:
    """A webhook at the provider."""

    id: str
    url: str
    event_types: frozenset[str]
    is_enabled: bool
    secret: str = field(repr=False)


class Hooks(Protocol):
    """Where the provider is told whom to tell.

    Every call raises `Retryable` when it is not known to have worked, and `Refused` for a definite no.
    """

    async def create(self, url: str, event_types: Sequence[str], client_id: str) -> Registered:
        """Register a webhook; if there is one of this `client_id`, it is given back as it is."""
        ...

    async def change(self, webhook_id: str, event_types: Sequence[str]) -> None:
        """Let a webhook hear these events, and switch it on."""
        ...

    async def remove(self, webhook_id: str) -> None:
        """Take a webhook away."""
        ...
