"""The end of claims: their accounts go first, then the claim, and with the last one to a name everything of the name.

Deletions go forward until they are done, through refusals and crashes; what a name had is read before it is removed, so
that a repeat finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Sequence

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.domain.domain_changes import NOT_FOUND, deleted, overridden
from services.provisioner.domain.domains import Claim
from services.provisioner.domain_publication import Publisher
from services.provisioner.domain_registration import Registrar
from services.provisioner.domain_work import AccountsLeft, Lease, NameWork, OpenRequest
from services.provisioner.ports_domains import Departures, NameStore
from shared.clock import Clock
from shared.contracts.domains import DomainStatus
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)


class Commands:
    """Does what clients say about claims that needs no provider: override how they stand, begin to give them up."""

    def __init__(
        self, store: NameStore, departures: Departures, clock: Clock, *, first_check_seconds: float
    ) -> None:
        self._store = store
        self._departures = departures
        self._clock = clock
        self._first_check_seconds = first_check_seconds

    async def obey(self, lease: Lease, work: NameWork) -> NameWork:
        """Carry the commands out in the order in which they were given, and return the work that is left.

        An override of a claim that nothing has been said of yet waits until it is registered.
        """
        while await self._has_obeyed(lease, work):
            work = await self._store.load(lease)
        return work

    async def _has_obeyed(self, lease: Lease, work: NameWork) -> bool:
        has_obeyed = False
        claims = {claim.id: claim for claim in work.claims}
        for request in work.requests:
            claim = claims[request.claim_id]
            if await self._is_done(lease, claim, request):
                has_obeyed = True
            elif (request.is_deletion and claim.status is not DomainStatus.DELETING) or (
                request.change_to is not None and claim.version
            ):
                claims[claim.id] = await self._carry_out(lease, claim, request)
                has_obeyed = True
        return has_obeyed

    async def _is_done(self, lease: Lease, claim: Claim, request: OpenRequest) -> bool:
        """Answer what came too late for the claim: it is gone, or going."""
        if claim.status is DomainStatus.DELETED and request.is_deletion:
            await self._store.answer(lease, claim, [request])
        elif claim.status is DomainStatus.DELETED or (
            claim.status is DomainStatus.DELETING and not request.is_deletion
        ):
            await self._store.refuse(lease, claim, NOT_FOUND, [request])
        else:
            return False
        return True

    async def _carry_out(self, lease: Lease, claim: Claim, request: OpenRequest) -> Claim:
        claim = request.causing(claim)
        if request.change_to is not None:
            change = overridden(claim, request.change_to, self._clock.now(), self._first_check_seconds)
            changed = await self._store.save(lease, change, [request])
            failpoint("provisioner.domain_change.after_commit")
            return changed
        begun = await self._departures.begin(lease, claim, request)
        if begun is None:
            return claim
        failpoint("provisioner.domain_delete.after_commit")
        return begun


class Remover:
    """Takes claims that were given up to their end."""

    def __init__(
        self,
        store: NameStore,
        departures: Departures,
        registrar: Registrar,
        publisher: Publisher,
        clock: Clock,
        *,
        sweep_seconds: Sequence[float],
    ) -> None:
        """`sweep_seconds` says when to look for what may land late, counted from the moment of doubt."""
        self._store = store
        self._departures = departures
        self._registrar = registrar
        self._publisher = publisher
        self._clock = clock
        self._sweep_seconds = sweep_seconds

    async def remove(self, lease: Lease, work: NameWork) -> AccountsLeft:
        """Take each such claim as far as it goes now; returns how far the accounts are on which the last one waits."""
        most = AccountsLeft.NONE
        for claim in work.leaving:
            with trace(claim.traceparent, claim.request_id):
                left = await self._departures.delete_accounts(lease, claim)
                if left is AccountsLeft.NONE:
                    await self._end(lease, work, claim)
                most = max(most, left)
        return most

    async def sweep(self, lease: Lease, work: NameWork) -> float | None:
        """Remove what landed late of a name that nobody claims; returns in how many seconds to look again, None: never."""
        if work.doubtful_since is None or work.look_ups >= len(self._sweep_seconds):
            return None
        waits = self._sweep_seconds[work.look_ups] - (self._clock.now() - work.doubtful_since).total_seconds()
        if waits > 0:
            return waits
        await self._publisher.unpublish(lease)
        await self._registrar.unregister_late(lease)
        await self._store.looked_for(lease, is_last=work.look_ups + 1 == len(self._sweep_seconds))
        return 0.0

    async def _end(self, lease: Lease, work: NameWork, claim: Claim) -> None:
        failpoint("provisioner.domain_delete.before_removal")
        is_last = await self._departures.begin_removal(lease)
        if is_last:
            failpoint("provisioner.domain_unpublish.after_intent")
            await self._publisher.unpublish(lease)
            failpoint("provisioner.domain_unregister.after_intent")
            if work.is_registered or work.has_intent:
                await self._registrar.unregister(lease)
        change = deleted(claim, self._clock.now())
        await self._departures.finish(lease, change, work.requests_of(claim), is_removed=is_last)
        failpoint("provisioner.domain_delete.after_outcome")
