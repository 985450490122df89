"""The worker that holds the warmups on a domain that is not verified any more, and lets them go on when it is again."""

from __future__ import annotations

from collections.abc import Sequence

from services.warmup.domain.decisions import RELEASED, Judgement, criteria_of, decided
from services.warmup.domain.warmup import Warmup, held, released
from services.warmup.handlers.facts import tell
from services.warmup.handlers.tools import Tools
from services.warmup.ports import WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupHold, WarmupPaused, WarmupResumed
from shared.observability.tracing import trace


class HoldWarmups:
    """Claims warmups whose domain has changed; nothing is asked of the provider."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def claim(self, limit: int) -> Sequence[Warmup]:
        """Lease those that their domain is to hold, and those that it holds no more."""
        return await self._tools.desk.claim_moved(limit)

    async def run(self, warmup: Warmup) -> None:
        """Hold a warmup, or let it go on, as its domain stands by now; its next day is judged when it was due anyway."""
        with trace(warmup.traceparent):
            async with self._tools.desk.transaction() as store:
                if not await store.hold(warmup):
                    return
                moved = await self._moved(store, warmup)
                if moved is None:
                    await store.release(warmup)
                    return
                after, fact = moved
                await store.replace(warmup, after)
                await store.record(fact)
        self._tools.announce()

    async def _moved(self, store: WarmupStore, warmup: Warmup) -> tuple[Warmup, Recorded] | None:
        trouble = await store.trouble_of_domain(warmup.domain_id)
        if trouble is not None and warmup.hold is None:
            after = held(warmup, trouble.hold, trouble.sentence)
            after = self._decided(after, Judgement.HOLD, trouble.sentence)
            return tell(self._tools.recorder, warmup, after, WarmupPaused)
        if trouble is None and warmup.hold is WarmupHold.DOMAIN:
            after = self._decided(released(warmup), Judgement.RELEASE, RELEASED)
            return tell(self._tools.recorder, warmup, after, WarmupResumed)
        return None

    def _decided(self, after: Warmup, judgement: Judgement, sentence: str) -> Warmup:
        policy, now = self._tools.policy, self._tools.recorder.clock.now()
        criteria = criteria_of(after, policy, is_dns_healthy=judgement is Judgement.RELEASE)
        return decided(after, policy, now, judgement, sentence, criteria)
