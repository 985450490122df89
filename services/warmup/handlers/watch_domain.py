"""A domain has lost its verification, or has it again: kept, so that the warmups on it are held or go on."""

from __future__ import annotations

from services.warmup.ports import WarmupStore
from shared.contracts.domains import DomainState, DomainStatus
from shared.contracts.envelope import Recorded


async def watch_domain(store: WarmupStore, fact: Recorded, domain: DomainState) -> None:
    """Keep whether a domain that was verified once still is; a check under way, or a client's word, says nothing of that."""
    if domain.verified_at is None or domain.status not in {DomainStatus.VERIFIED, DomainStatus.FAILED}:
        return
    is_healthy = domain.status is DomainStatus.VERIFIED
    reason = domain.failure.message if domain.failure and not is_healthy else None
    await store.put_domain(domain.domain_id, fact.sequence or 0, is_healthy=is_healthy, reason=reason)
