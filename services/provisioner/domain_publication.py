"""Putting a claim's records into DNS: into its zone where the system may write, else left to the tenant."""

from __future__ import annotations

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.domain.dns_sync import plan, txt_value
from services.provisioner.domain.domain_changes import synced
from services.provisioner.domain.domains import Claim, ProviderView, Publication
from services.provisioner.ports_domains import Lease, NameStore, ZoneRefused, Zones
from shared.clock import Clock
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)


class Publisher:
    """Publishes a claim's records and looks for its ownership record."""

    def __init__(self, store: NameStore, zones: Zones, clock: Clock) -> None:
        self._store = store
        self._zones = zones
        self._clock = clock

    async def publish(self, lease: Lease, claim: Claim, view: ProviderView) -> Claim:
        """Bring the domain's zone to what the domain needs, if the system may; else its tenant must (S0-22)."""
        zone = await self._zones.zone_of(claim.state.domain, claim.state.tenant_id)
        if zone is None:
            return await self._store.record_manual(lease, claim)
        wanted = (*view.records, claim.ownership)
        try:
            todo = plan(wanted, await self._zones.records(zone, claim.state.domain))
            if todo.has_changes:
                await self._store.intend_publication(lease, claim)
                failpoint("provisioner.domain_publish.after_intent")
                failpoint("provisioner.domain_publish.before_call")
                await self._zones.apply(zone, todo, claim.id)
                failpoint("provisioner.domain_publish.after_call")
        except ZoneRefused:
            log.warning("zone_refused", domain=claim.state.domain)
            return await self._store.record_manual(lease, claim)
        if todo.conflicts:
            names = [f"{record.type} {record.name}" for record in todo.conflicts]
            log.info("records_left_to_owner", domain=claim.state.domain, records=names)
            return await self._store.record_manual(lease, claim)
        if claim.publication is Publication.SYNCED and not todo.has_changes:
            return claim
        claim = await self._store.save(lease, synced(claim, self._clock.now()))
        failpoint("provisioner.domain_publish.after_outcome")
        return claim

    async def is_owner_seen(self, claim: Claim) -> bool:
        """Tell whether the tenant's ownership record stands in the domain's zone."""
        zone = await self._zones.zone_of(claim.state.domain, claim.state.tenant_id)
        if zone is None:
            return False
        try:
            records = await self._zones.records(zone, claim.ownership.name)
        except ZoneRefused:
            return False
        return any(
            record.type == "TXT" and txt_value(record.content) == claim.ownership.value for record in records
        )
