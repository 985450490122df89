"""Looking whether a claim's records are in place: at the provider's word and at DNS itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.domain.dns_judging import question_of
from services.provisioner.domain.domain_changes import (
    REFUSED,
    TAKEN,
    Change,
    failed,
    looked_at,
    verifying,
)
from services.provisioner.domain.domain_rechecks import (
    UNVERIFIED,
    Look,
    Remembered,
    Sight,
    looked_again,
    sight_of,
)
from services.provisioner.domain.domains import Claim, ProviderView, should_ask_provider
from services.provisioner.domain.ownership import values_of
from services.provisioner.domain_registration import Registrar
from services.provisioner.domain_work import Lease, NameWork
from services.provisioner.ports import Refused
from services.provisioner.ports_domains import Dns, NameStore
from shared.clock import Clock
from shared.contracts.accounts import Failure
from shared.contracts.domains import DomainFailed, DomainStatus, DomainVerified
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)


class Checker:
    """Checks one claim; `first_check_seconds` is the delay to the second look, doubled from look to look.

    The provider itself is asked to check at most once in half of it. What is verified is looked at every `recheck_seconds`.
    """

    def __init__(
        self,
        store: NameStore,
        registrar: Registrar,
        dns: Dns,
        clock: Clock,
        *,
        first_check_seconds: float,
        recheck_seconds: float,
        ownership_keys: Sequence[bytes],
    ) -> None:
        self._store = store
        self._registrar = registrar
        self._dns = dns
        self._clock = clock
        self.first_check_seconds = first_check_seconds
        self._recheck_seconds = recheck_seconds
        self._ownership_keys = ownership_keys

    async def check(self, lease: Lease, work: NameWork, claim: Claim, view: ProviderView) -> Claim:
        """Have the records checked, and judge what is seen; the first tenant to be verified keeps the name."""
        now, requests = self._clock.now(), work.questions_of(claim)
        is_fresh = claim.status is not DomainStatus.VERIFYING
        due_at = claim.state.next_check_at
        is_scheduled = not is_fresh and (due_at is None or due_at <= now)
        if is_fresh:
            claim = await self._store.save(lease, verifying(claim, now, self.first_check_seconds))
        pace = self.first_check_seconds / 2
        if should_ask_provider(view.status, work.asked_at, now, is_fresh=is_fresh, pace_seconds=pace):
            try:
                view = await self._registrar.ask(lease)
            except Refused as error:
                log.warning("domain_check_refused", domain=work.domain, code=error.code)
                return await self.fail(lease, work, claim, REFUSED)
        wanted = (*view.records, claim.ownership)
        change = looked_at(
            self._with_proofs(claim, work),
            view,
            self._clock.now(),
            answers=await self._dns.look_up(question_of(record) for record in wanted),
            is_scheduled=is_scheduled,
            first_seconds=self.first_check_seconds,
            recheck_seconds=self._recheck_seconds,
        )
        if change is None:
            await self._store.answer(lease, claim, requests)
            return claim
        return await self._write(lease, work, claim, change)

    async def check_again(self, lease: Lease, work: NameWork, claim: Claim, view: ProviderView) -> Claim:
        """Look at a claim that was verified, although nobody asks; most looks change nothing.

        What comes of it is due to nobody's request. The provider's trouble goes up to whoever holds the name: it is no look.
        """
        if not work.questions_of(claim):
            claim = replace(claim, request_id=None)
        pace = self._recheck_seconds / 2
        now = self._clock.now()
        if should_ask_provider(view.status, work.asked_at, now, is_fresh=False, pace_seconds=pace):
            try:
                view = await self._registrar.ask(lease)
            except Refused as error:
                return await self.miss(lease, work, claim, error.code)
        wanted = (*view.records, claim.ownership)
        answers = await self._dns.look_up(question_of(record) for record in wanted)
        return await self._conclude(
            lease, work, claim, sight_of(self._with_proofs(claim, work), view, answers)
        )

    async def miss(self, lease: Lease, work: NameWork, claim: Claim, code: str) -> Claim:
        """Take the provider's refusal of a domain that was verified for a bad look."""
        log.warning("domain_recheck_refused", domain=work.domain, code=code)
        return await self._conclude(lease, work, claim, Sight(Look.BAD, failure=UNVERIFIED))

    async def _conclude(self, lease: Lease, work: NameWork, claim: Claim, sight: Sight) -> Claim:
        outcome = looked_again(claim, sight, self._clock.now(), self._recheck_seconds)
        if isinstance(outcome, Remembered):
            await self._store.remember(lease, outcome.claim)
            await self._store.answer(lease, claim, work.questions_of(claim))
            return outcome.claim
        if outcome.fact is DomainFailed:
            log.warning("domain_lost", domain=work.domain)
        return await self._write(lease, work, claim, outcome)

    def _with_proofs(self, claim: Claim, work: NameWork) -> Claim:
        """Return the claim with what proves it besides its own record, whichever master keys there were when."""
        shown = work.shown.get(claim.state.tenant_id, frozenset())
        return replace(claim, proofs=shown | values_of(self._ownership_keys, claim))

    async def _write(self, lease: Lease, work: NameWork, claim: Claim, change: Change) -> Claim:
        """Write a change and answer whoever asked; a verification only if nobody else has the name."""
        requests = work.questions_of(claim)
        if change.fact is not DomainVerified:
            return await self._store.save(lease, change, requests)
        verified = await self._store.win(lease, change, requests)
        if verified is None:
            return await self.fail(lease, work, claim, TAKEN)
        failpoint("provisioner.domain_verify.after_outcome")
        return verified

    async def fail(self, lease: Lease, work: NameWork, claim: Claim, why: Failure) -> Claim:
        """End what was under way about a claim, and answer whoever asked."""
        return await self._store.save(lease, failed(claim, why, self._clock.now()), work.questions_of(claim))
