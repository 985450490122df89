"""The way of a domain from claim to verified: register it, publish its records, have them checked.

One worker at a time holds a name, with all claims to it, so that its object at the provider is made once. Every step reads
before it writes: what an interrupted attempt has done is found, not repeated. Nothing here is ever undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.backoff import backoff_seconds
from services.provisioner.domain.domain_changes import (
    REFUSED,
    TAKEN,
    failed,
    looked_at,
    registered,
    verifying,
)
from services.provisioner.domain.domains import (
    Claim,
    ProviderStatus,
    ProviderView,
    Publication,
    is_work_due,
    seconds_until_due,
    should_ask_provider,
)
from services.provisioner.domain_lease import renewing
from services.provisioner.domain_publication import Publisher
from services.provisioner.ports import LeaseLost, Refused
from services.provisioner.ports_domains import (
    DomainProvider,
    Lease,
    NameStore,
    NameWork,
    NotOurs,
    OpenRequest,
    Vanished,
)
from shared.clock import Clock
from shared.contracts.accounts import Failure
from shared.contracts.domains import DomainStatus, DomainVerified
from shared.db.pool import OUTAGE
from shared.errors import Retryable, Unknown
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)


class DomainSaga:
    """Takes one leased name as far as it can go now; times are in seconds.

    `first_check_seconds` is the delay before a verifying domain is looked at again, doubled from look to look; the
    provider itself is asked to check at most once in half of it.
    """

    def __init__(
        self,
        store: NameStore,
        provider: DomainProvider,
        publisher: Publisher,
        clock: Clock,
        *,
        first_check_seconds: float,
        renew_seconds: float,
        random: Random,
    ) -> None:
        self._store = store
        self._provider = provider
        self._publisher = publisher
        self._clock = clock
        self._first_check_seconds = first_check_seconds
        self._renew_seconds = renew_seconds
        self._random = random

    async def run(self, lease: Lease) -> None:
        """Do what is due on the name, then give it back; transient trouble is tried again by itself."""
        async with renewing(self._store, lease, self._renew_seconds):
            try:
                await self._work_on(lease)
            except LeaseLost:
                log.info("domain_lease_lost", domain=lease.domain)
            except asyncio.CancelledError:
                with suppress(*OUTAGE):  # then the lease ends by itself
                    await self._store.release(lease, due_in=0.0)
                raise

    async def _work_on(self, lease: Lease) -> None:
        try:
            work = await self._store.load(lease)
            claims = await self._advance(lease, work)
            due_in = seconds_until_due(claims, self._clock.now())
            await self._store.release(lease, due_in=due_in)
        except (Retryable, Unknown) as error:
            await self._postpone(lease, error)

    async def _advance(self, lease: Lease, work: NameWork) -> Sequence[Claim]:
        """Take each claim that needs something further, and return all claims as they are then."""
        now = self._clock.now()
        due = {
            claim.id
            for claim in work.claims
            if is_work_due(claim, now, is_asked=any(request.is_check for request in work.requests_of(claim)))
        }
        needs_name = not work.is_registered and any(claim.is_platform for claim in work.claims)
        claims = [_with_cause(claim, work.requests_of(claim)) for claim in work.claims]
        if not due and not needs_name:
            return [await self._settle(lease, work, claim) for claim in claims]
        try:
            view = await self._register(lease, work)
        except Refused as error:
            log.warning("domain_refused", domain=work.domain, code=error.code)
            why = TAKEN if isinstance(error, NotOurs) else REFUSED
            for claim in claims:
                if claim.id in due:
                    await self._fail(lease, work, claim, why)
            return [claim for claim in claims if claim.id not in due]
        after = []
        for claim in claims:
            with trace(claim.traceparent, claim.request_id):
                if claim.id in due:
                    after.append(await self._advance_claim(lease, work, claim, view))
                else:
                    after.append(await self._settle(lease, work, claim))
        return after

    async def _advance_claim(self, lease: Lease, work: NameWork, claim: Claim, view: ProviderView) -> Claim:
        requests = work.requests_of(claim)
        is_asked = any(request.is_check for request in requests)
        if claim.state.provider_domain_id is None:
            claim = await self._store.save(lease, registered(claim, view, self._clock.now()))
        if is_asked or claim.publication is Publication.UNDECIDED:
            claim = await self._publisher.publish(lease, claim, view)
        if claim.status is DomainStatus.PENDING and claim.publication is Publication.MANUAL and not is_asked:
            # The tenant publishes the records first; checking before that would only use up its time.
            return await self._settle(lease, work, claim)
        return await self._check(lease, work, claim, view)

    # --- register ---------------------------------------------------------------------------------------------

    async def _register(self, lease: Lease, work: NameWork) -> ProviderView:
        """Return the name as the provider has it, after registering it if need be.

        An intent without outcome is looked up first: the call may have been made, and may even land late.
        """
        if work.is_registered:
            return await self._find(lease)
        if work.has_intent and (view := await self._provider.find(work.domain)) is not None:
            await self._store.record_registration(lease, view.id)
            return view
        await self._store.intend_registration(lease)
        failpoint("provisioner.domain_register.after_intent")
        failpoint("provisioner.domain_register.before_call")
        view = await self._provider.create(work.domain)
        failpoint("provisioner.domain_register.after_call")
        await self._store.record_registration(lease, view.id)
        failpoint("provisioner.domain_register.after_outcome")
        return view

    async def _find(self, lease: Lease) -> ProviderView:
        view = await self._provider.find(lease.domain)
        if view is None:
            await self._store.forget_registration(lease)
            raise Retryable("The provider lost the domain; it is registered again.", code="domain_vanished")
        return view

    # --- check ------------------------------------------------------------------------------------------------

    async def _check(self, lease: Lease, work: NameWork, claim: Claim, view: ProviderView) -> Claim:
        """Have the records checked, and judge what is seen; the first tenant to be verified keeps the name."""
        now, requests = self._clock.now(), work.requests_of(claim)
        is_fresh = claim.status is not DomainStatus.VERIFYING
        due_at = claim.state.next_check_at
        is_scheduled = not is_fresh and (due_at is None or due_at <= now)
        if is_fresh:
            claim = await self._store.save(lease, verifying(claim, now, self._first_check_seconds))
        pace = self._first_check_seconds / 2
        if should_ask_provider(view.status, work.asked_at, now, is_fresh=is_fresh, pace_seconds=pace):
            try:
                view = await self._ask_provider(lease)
            except Refused as error:
                log.warning("domain_check_refused", domain=work.domain, code=error.code)
                return await self._fail(lease, work, claim, REFUSED)
        change = looked_at(
            claim,
            view,
            self._clock.now(),
            is_owner_seen=view.status is ProviderStatus.VERIFIED
            and await self._publisher.is_owner_seen(claim),
            is_scheduled=is_scheduled,
            first_seconds=self._first_check_seconds,
        )
        if change is None:
            return await self._settle(lease, work, claim)
        if change.fact is not DomainVerified:
            return await self._store.save(lease, change, requests)
        verified = await self._store.win(lease, change, requests)
        if verified is None:
            return await self._fail(lease, work, claim, TAKEN)
        failpoint("provisioner.domain_verify.after_outcome")
        return verified

    async def _ask_provider(self, lease: Lease) -> ProviderView:
        await self._store.intend_check(lease, self._clock.now())
        failpoint("provisioner.domain_verify.after_intent")
        failpoint("provisioner.domain_verify.before_call")
        try:
            await self._provider.verify(lease.domain)
        except Vanished:
            return await self._find(lease)
        failpoint("provisioner.domain_verify.after_call")
        return await self._find(lease)

    # --- trouble ----------------------------------------------------------------------------------------------

    async def _settle(self, lease: Lease, work: NameWork, claim: Claim) -> Claim:
        """Answer whoever asked about a claim that needs nothing further now."""
        await self._store.answer(lease, claim, work.requests_of(claim))
        return claim

    async def _fail(self, lease: Lease, work: NameWork, claim: Claim, why: Failure) -> Claim:
        return await self._store.save(lease, failed(claim, why, self._clock.now()), work.requests_of(claim))

    async def _postpone(self, lease: Lease, error: Retryable | Unknown) -> None:
        """Give the name back for a while; whoever asked for a claim that is registered by now hears of it."""
        work = await self._store.load(lease)
        for claim in work.claims:
            if claim.state.provider_domain_id is not None:
                waiting = [request for request in work.requests_of(claim) if not request.is_check]
                await self._store.answer(lease, claim, waiting)
        asked = error.retry_after if isinstance(error, Retryable) else None
        delay = max(backoff_seconds(work.attempts, self._random), asked or 0.0)
        log.info("domain_postponed", domain=lease.domain, code=error.code, seconds=round(delay, 3))
        await self._store.release(lease, due_in=delay, attempts=work.attempts + 1, error_code=error.code)


def _with_cause(claim: Claim, requests: Sequence[OpenRequest]) -> Claim:
    """Return the claim with its latest request as the cause of what follows."""
    if not requests or requests[-1].request_id == claim.request_id:
        return claim
    latest = requests[-1]
    return claim.caused_by(latest.request_id, latest.event_id, latest.event_time, latest.traceparent)
