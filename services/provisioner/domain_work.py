"""What a worker has in hand with a name: its lease, the claims to the name, and what was asked about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from services.provisioner.domain.domains import GIVEN_UP, Claim
from shared.contracts.domains import DomainStatus
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


@dataclass(frozen=True, slots=True)
class Lease:
    """One name in one worker's hand; every write of its work is conditional on the token."""

    domain: str
    token: UUID


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request about a claim that has no answer yet; what is needed to answer it later."""

    request_id: UUID
    event_id: UUID
    event_time: datetime
    claim_id: UUID
    is_check: bool
    """Whether it asks for a verification."""
    traceparent: str | None
    change_to: DomainStatus | None = None
    """What it asks the claim's status to be; None: it asks for something else."""
    is_deletion: bool = False
    is_cascade: bool = False
    """Whether a deletion takes the claim's accounts with it."""

    @property
    def is_command(self) -> bool:
        """Whether it asks for something that needs no provider to begin."""
        return self.is_deletion or self.change_to is not None

    def causing(self, claim: Claim) -> Claim:
        """Return the claim with this request as the cause of what follows."""
        if self.request_id == claim.request_id:
            return claim
        return claim.caused_by(self.request_id, self.event_id, self.event_time, self.traceparent)


class AccountsLeft(IntEnum):
    """How far the accounts of a claim that is given up are on their way out."""

    NONE = 0
    GOING = 1
    """Each is on its way, or is of another domain and has a further address here, which only its owner takes off."""
    UNTOLD = 2
    """Some have yet to be sent on their way."""


@dataclass(frozen=True, slots=True)
class PublisherOf:
    """A claim for which records were published, and whose it was."""

    claim_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class NameWork:
    """Everything there is to know about a name: its object at the provider, its claims, what was asked of them."""

    domain: str
    is_registered: bool
    has_intent: bool
    """Whether a registration was begun whose outcome nobody recorded."""
    asked_at: datetime | None
    """When the provider was last asked to check."""
    attempts: int
    claims: Sequence[Claim]
    """Every claim to the name, deleted ones only while a request about them is open."""
    doubtful_since: datetime | None
    """When a call was last given up on, or its caller died, so that it may still land."""
    look_ups: int
    """How often what may have landed was looked for since then."""
    requests: Sequence[OpenRequest]
    """The open requests about these claims, oldest first."""
    shown: Mapping[UUID, frozenset[str]]
    """What each tenant was told to publish as its ownership record, for every claim to the name there ever was."""

    @property
    def living(self) -> list[Claim]:
        """The claims that are not being given up."""
        return [claim for claim in self.claims if claim.status not in GIVEN_UP]

    @property
    def leaving(self) -> list[Claim]:
        """The claims that are being given up."""
        return [claim for claim in self.claims if claim.status is DomainStatus.DELETING]

    def requests_of(self, claim: Claim) -> list[OpenRequest]:
        """Return the open requests about one claim."""
        return [request for request in self.requests if request.claim_id == claim.id]

    def questions_of(self, claim: Claim) -> list[OpenRequest]:
        """Return those that how the claim stands is an answer to."""
        return [request for request in self.requests_of(claim) if not request.is_command]


def open_request(request: Recorded, claim_id: UUID, **wish: Any) -> OpenRequest:
    """Return a request as it is kept until it is answered; `wish` says what it asks for, if not for the claim itself.

    Raises:
        Poison: The record names no request.
    """
    return OpenRequest(
        request_id=id_of(request),
        event_id=request.id,
        event_time=request.time,
        claim_id=claim_id,
        traceparent=request.traceparent,
        **{"is_check": False, **wish},
    )
