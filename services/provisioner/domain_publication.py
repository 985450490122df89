"""A name's records in DNS: put into its zone where the system may write, else left to the tenant; and taken back."""

from __future__ import annotations

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.domain.dns_sync import Plan, plan
from services.provisioner.domain.domain_changes import synced
from services.provisioner.domain.domains import Claim, ProviderView, Publication
from services.provisioner.domain_work import Lease
from services.provisioner.ports_domains import NameStore, ZoneRefused, Zones
from shared.clock import Clock
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)


class Publisher:
    """Publishes a claim's records, and takes back what was published for a name."""

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

    async def unpublish(self, lease: Lease) -> None:
        """Delete what was published for any claim to the name there ever was; what its owner wrote stays.

        A zone that may not be written any more keeps its records: they are its owner's to delete.
        """
        publishers = await self._store.publishers(lease)
        ours = {publisher.claim_id for publisher in publishers}
        found = [
            await self._zones.zone_of(lease.domain, tenant_id)
            for tenant_id in {publisher.tenant_id for publisher in publishers}
        ]
        for zone in sorted({zone for zone in found if zone is not None}):
            try:
                held = await self._zones.records(zone, lease.domain)
                deletes = tuple(record.id for record in held if record.claim_id in ours)
                if deletes:
                    failpoint("provisioner.domain_unpublish.before_call")
                    await self._zones.apply(zone, Plan(deletes=deletes))
                    failpoint("provisioner.domain_unpublish.after_call")
            except ZoneRefused:
                log.warning("records_left_in_zone", domain=lease.domain)
