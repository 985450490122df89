"""The way of a domain from claim to verified: register it, publish its records, have them checked; and to its end.

One worker at a time holds a name, with all claims to it, so that its object at the provider is made once. Every step reads
before it writes: what an interrupted attempt has done is found, not repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from random import Random

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.backoff import backoff_seconds
from services.provisioner.domain.domain_changes import REFUSED, TAKEN, registered
from services.provisioner.domain.domains import (
    Claim,
    ProviderView,
    Publication,
    is_recheck_due,
    is_work_due,
    seconds_until_due,
)
from services.provisioner.domain_checks import Checker
from services.provisioner.domain_lease import renewing
from services.provisioner.domain_publication import Publisher
from services.provisioner.domain_registration import Registrar
from services.provisioner.domain_removal import Commands, Remover
from services.provisioner.domain_work import AccountsLeft, Lease, NameWork, OpenRequest
from services.provisioner.ports import Refused
from services.provisioner.ports_domains import NameStore, NotOurs
from shared.clock import Clock
from shared.contracts.domains import DomainStatus
from shared.db.leases import LeaseLost
from shared.db.pool import OUTAGE
from shared.errors import Retryable, Unknown
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)

WAITS_FOR_ACCOUNTS = "waits_for_accounts"
"""What a name says that cannot go yet: an account has an address on it."""


class DomainSaga:
    """Takes one leased name as far as it can go now; times are in seconds."""

    def __init__(
        self,
        store: NameStore,
        commands: Commands,
        registrar: Registrar,
        publisher: Publisher,
        checker: Checker,
        remover: Remover,
        clock: Clock,
        *,
        renew_seconds: float,
        random: Random,
    ) -> None:
        self._store = store
        self._commands = commands
        self._registrar = registrar
        self._publisher = publisher
        self._checker = checker
        self._remover = remover
        self._clock = clock
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
            work = await self._commands.obey(lease, await self._store.load(lease))
            left = AccountsLeft.NONE
            if work.leaving:
                left = await self._remover.remove(lease, work)
                work = await self._store.load(lease)
            waits = self._until_next_look(left, work)
            if work.claims:
                claims = await self._advance(lease, work)
                if any(request.change_to for request in work.requests):  # its claim has just been registered
                    waits = 0.0
                waits = _soonest(waits, seconds_until_due(claims, self._clock.now()))
            else:
                waits = await self._remover.sweep(lease, work)
            if left is AccountsLeft.GOING:
                await self._store.release(
                    lease, due_in=waits, attempts=work.attempts + 1, error_code=WAITS_FOR_ACCOUNTS
                )
            else:
                await self._store.release(lease, due_in=waits)
        except (Retryable, Unknown) as error:
            await self._postpone(lease, error)

    def _until_next_look(self, left: AccountsLeft, work: NameWork) -> float | None:
        """Return when to go on with claims that are given up: ever less often while others have to act first."""
        match left:
            case AccountsLeft.NONE:
                return None
            case AccountsLeft.GOING:
                return backoff_seconds(work.attempts, self._random)
            case AccountsLeft.UNTOLD:
                return 0.0

    async def _advance(self, lease: Lease, work: NameWork) -> Sequence[Claim]:
        """Take each claim that needs something further, and return all claims as they are then."""
        now = self._clock.now()
        due = {
            claim.id
            for claim in work.living
            if is_work_due(claim, now, is_asked=any(request.is_check for request in work.questions_of(claim)))
        }
        needs_name = not work.is_registered and any(claim.is_platform for claim in work.living)
        claims = [_with_latest_cause(claim, work.questions_of(claim)) for claim in work.living]
        if not due and not needs_name:
            return [await self._settle(lease, work, claim) for claim in claims]
        try:
            view = await self._registrar.register(lease, work)
        except Refused as error:
            log.warning("domain_refused", domain=work.domain, code=error.code)
            why = TAKEN if isinstance(error, NotOurs) else REFUSED
            after = []
            for claim in claims:
                if claim.id not in due:
                    after.append(claim)
                elif self._is_recheck(work, claim, now):
                    after.append(await self._checker.miss(lease, work, claim, error.code))
                else:
                    await self._checker.fail(lease, work, claim, why)
            return after
        after = []
        for claim in claims:
            with trace(claim.traceparent, claim.request_id):
                if claim.id in due:
                    after.append(await self._advance_claim(lease, work, claim, view))
                else:
                    after.append(await self._settle(lease, work, claim))
        return after

    async def _advance_claim(self, lease: Lease, work: NameWork, claim: Claim, view: ProviderView) -> Claim:
        if self._is_recheck(work, claim, self._clock.now()):
            return await self._checker.check_again(lease, work, claim, view)
        requests = work.questions_of(claim)
        is_asked = any(request.is_check for request in requests)
        if claim.state.provider_domain_id is None:
            claim = await self._store.save(lease, registered(claim, view, self._clock.now()))
        if is_asked or claim.publication is Publication.UNDECIDED:
            claim = await self._publisher.publish(lease, claim, view)
        if claim.status is DomainStatus.PENDING and claim.publication is Publication.MANUAL and not is_asked:
            # The tenant publishes the records first; checking before that would only use up its time.
            return await self._settle(lease, work, claim)
        return await self._checker.check(lease, work, claim, view)

    def _is_recheck(self, work: NameWork, claim: Claim, now: datetime) -> bool:
        """Tell whether a claim is looked at because it was verified, not because a client asks."""
        is_asked = any(request.is_check for request in work.questions_of(claim))
        return is_recheck_due(claim, now) and not (is_asked and claim.status is DomainStatus.FAILED)

    # --- trouble ----------------------------------------------------------------------------------------------

    async def _settle(self, lease: Lease, work: NameWork, claim: Claim) -> Claim:
        """Answer whoever asked about a claim that needs nothing further now."""
        await self._store.answer(lease, claim, work.questions_of(claim))
        return claim

    async def _postpone(self, lease: Lease, error: Retryable | Unknown) -> None:
        """Give the name back for a while; whoever asked for a claim that is registered by now hears of it."""
        work = await self._store.load(lease)
        for claim in work.living:
            if claim.state.provider_domain_id is not None:
                waiting = [request for request in work.questions_of(claim) if not request.is_check]
                await self._store.answer(lease, claim, waiting)
        if isinstance(error, Unknown):
            await self._store.doubt(lease, self._clock.now())
        asked = error.retry_after if isinstance(error, Retryable) else None
        delay = max(backoff_seconds(work.attempts, self._random), asked or 0.0)
        log.info("domain_postponed", domain=lease.domain, code=error.code, seconds=round(delay, 3))
        await self._store.release(lease, due_in=delay, attempts=work.attempts + 1, error_code=error.code)


def _with_latest_cause(claim: Claim, requests: Sequence[OpenRequest]) -> Claim:
    """Return the claim with its latest request as the cause of what follows."""
    return requests[-1].causing(claim) if requests else claim


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)
