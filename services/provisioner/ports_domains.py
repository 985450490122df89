"""What the handling of domains needs of the outside, in the words of the domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.provisioner.domain.dns_judging import Answers, Question
from services.provisioner.domain.dns_sync import Plan, ZoneRecord
from services.provisioner.domain.domain_changes import Change
from services.provisioner.domain.domains import Claim, ProviderView
from services.provisioner.domain_work import AccountsLeft, Lease, NameWork, OpenRequest, PublisherOf
from services.provisioner.ports import Refused
from services.provisioner.ports_requests import Requests
from shared.contracts.accounts import Failure
from shared.errors import MailwrightError


class NotOurs(Refused):
    """The domain is registered at the provider by another organisation."""

    code = "domain_taken"


class Vanished(MailwrightError):
    """The provider does not know the domain any more."""

    code = "provider_domain_vanished"


class ZoneRefused(MailwrightError):
    """The zone's keeper does not let us write there; the records are for the tenant to publish."""

    code = "zone_refused"


class DomainProvider(Protocol):
    """The inbox provider's domains; besides what each call names, any may raise Retryable or Unknown."""

    async def create(self, domain: str) -> ProviderView:
        """Register the domain, or adopt it if it is registered already.

        Raises:
            NotOurs: Another organisation has it.
            Refused: The provider does not take this domain.
        """
        ...

    async def find(self, domain: str) -> ProviderView | None:
        """Return the domain as it stands, or None if the provider does not know it as ours."""
        ...

    async def verify(self, domain: str) -> None:
        """Ask the provider to check the domain; the result shows on `find`.

        Raises:
            Vanished: The provider does not know the domain any more.
            Refused: The provider does not check this domain.
        """
        ...

    async def delete(self, domain: str) -> None:
        """Ask the provider to forget the domain, whether it knows it or not; `find` tells when it has."""
        ...


class Dns(Protocol):
    """Public DNS."""

    async def look_up(self, questions: Iterable[Question]) -> Answers:
        """Return what is answered to each question; None where that could not be found out."""
        ...


class Zones(Protocol):
    """The DNS zones that the system may manage; any call may raise Retryable or Unknown."""

    async def zone_of(self, domain: str, tenant_id: UUID) -> str | None:
        """Return the id of the zone that holds the domain, if the system may write there for this tenant."""
        ...

    async def records(self, zone_id: str, domain: str) -> list[ZoneRecord]:
        """Return what the zone holds at the domain and below it."""
        ...

    async def apply(self, zone_id: str, plan: Plan, claim_id: UUID | None = None) -> None:
        """Make all of a plan's changes, or none; records that are written are marked as made for the claim.

        Raises:
            ZoneRefused: They cannot be made.
        """
        ...


class ClaimDesk(Requests, Protocol):
    """The store as the requests about domains see it."""

    async def claim(self, claim_id: UUID) -> Claim | None:
        """Return a claim by its id, or by the id of a request that it was the answer to."""
        ...

    async def owner_of(self, domain: str) -> UUID | None:
        """Return the tenant that verified the name."""
        ...

    async def add(self, claim: Claim) -> Claim | None:
        """Keep a new claim; if its workspace has one to that name already, return that one instead."""
        ...

    async def ask(self, request: OpenRequest, claim: Claim) -> None:
        """Have the request worked on, and answered when that is done."""
        ...


class NameStore(Protocol):
    """The store as the worker sees it; every write raises LeaseLost when the lease is another's by now."""

    async def load(self, lease: Lease) -> NameWork:
        """Return the work on a name."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Keep the lease for another while."""
        ...

    async def intend_registration(self, lease: Lease) -> None:
        """Record that the provider is about to be told of the name."""
        ...

    async def record_registration(self, lease: Lease, provider_domain_id: str) -> None:
        """Record that the provider knows the name."""
        ...

    async def forget_registration(self, lease: Lease) -> None:
        """Record that the provider does not know the name after all."""
        ...

    async def intend_check(self, lease: Lease, at: datetime) -> None:
        """Record that the provider is about to be asked to check."""
        ...

    async def doubt(self, lease: Lease, at: datetime) -> None:
        """Record that a call was given up on which may still land."""
        ...

    async def looked_for(self, lease: Lease, *, is_last: bool) -> None:
        """Record a look for what may have landed late; after the last one there is no doubt any more."""
        ...

    async def intend_publication(self, lease: Lease, claim: Claim) -> None:
        """Record that the claim's records are about to be published."""
        ...

    async def record_manual(self, lease: Lease, claim: Claim) -> Claim:
        """Record that the tenant must publish the claim's records."""
        ...

    async def save(self, lease: Lease, change: Change, answering: Sequence[OpenRequest] = ()) -> Claim:
        """Write a change and its fact, and answer these requests with it, in one transaction."""
        ...

    async def remember(self, lease: Lease, claim: Claim) -> None:
        """Write what a look found that nobody is told of."""
        ...

    async def win(self, lease: Lease, change: Change, answering: Sequence[OpenRequest] = ()) -> Claim | None:
        """Write a verification like `save`; None, with nothing written, if another tenant verified the name before."""
        ...

    async def answer(self, lease: Lease, claim: Claim, requests: Sequence[OpenRequest]) -> None:
        """Answer these requests with the claim as it stands."""
        ...

    async def refuse(self, lease: Lease, claim: Claim, why: Failure, requests: Sequence[OpenRequest]) -> None:
        """Answer these requests with a refusal."""
        ...

    async def publishers(self, lease: Lease) -> Sequence[PublisherOf]:
        """Return the claims to the name, deleted ones too, for which records were published or may have been."""
        ...

    async def release(
        self, lease: Lease, *, due_in: float | None, attempts: int = 0, error_code: str | None = None
    ) -> None:
        """Give the name back, due again in so many seconds (None: when somebody asks)."""
        ...


class Departures(Protocol):
    """The store as claims leave it; every write raises LeaseLost when the lease is another's by now."""

    async def begin(self, lease: Lease, claim: Claim, request: OpenRequest) -> Claim | None:
        """Let no further account be made on the claim; None, with the request refused, if it may not go."""
        ...

    async def delete_accounts(self, lease: Lease, claim: Claim) -> AccountsLeft:
        """Begin the deletion of the next accounts of the claim, and return how far all of them are."""
        ...

    async def begin_removal(self, lease: Lease) -> bool:
        """Record that everything of the name is about to be removed; False if another claim to it still needs that."""
        ...

    async def finish(
        self, lease: Lease, change: Change, requests: Sequence[OpenRequest], *, is_removed: bool
    ) -> None:
        """Write the end of a claim, and answer these requests with it; `is_removed`: the provider has forgotten the name."""
        ...
