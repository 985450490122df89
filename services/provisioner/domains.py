"""The domains half of the provisioner, wired: its handlers and the worker that takes claims to verified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import cast

from services.provisioner.context import Context
from services.provisioner.domain.dns_sync import ZonePolicy, host
from services.provisioner.domain.ownership import PURPOSE
from services.provisioner.domain_checks import Checker
from services.provisioner.domain_publication import Publisher
from services.provisioner.domain_registration import Registrar
from services.provisioner.domain_removal import Commands, Remover
from services.provisioner.domain_saga import DomainSaga
from services.provisioner.domain_work import Lease
from services.provisioner.handlers.change_domain import change_domain
from services.provisioner.handlers.delete_domain import delete_domain
from services.provisioner.handlers.request_domain import request_domain
from services.provisioner.handlers.verify_domain import verify_domain
from services.provisioner.providers.agentmail_domains import AgentMailDomains
from services.provisioner.providers.cloudflare import CloudflareZones
from services.provisioner.providers.dns import PublicDns, parse_servers
from services.provisioner.settings import ProvisionerSettings
from services.provisioner.store_departures import PostgresDepartures
from services.provisioner.store_domain_requests import PostgresClaimDesk, seed_platform_domains
from services.provisioner.store_domains import PostgresNames
from shared.contracts.domains import (
    DomainChangeRequested,
    DomainDeletionRequested,
    DomainRequested,
    DomainVerificationRequested,
)
from shared.contracts.envelope import Event, Received
from shared.db.leased_work import LeasedWorker
from shared.db.pool import OUTAGE, Connection
from shared.messaging.dispatch import Handler
from shared.messaging.parts import Part
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.security.vault import MasterKeys

CONCURRENCY = 16
POLL_SECONDS = 0.5
SEED_RETRY_SECONDS = 1.0

log = get_logger(__name__)


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the domains part."""
    worker = domain_worker(context, lease_seconds=context.settings.saga_lease_seconds)
    names = [host(name.strip()) for name in context.settings.platform_domains.split(",") if name.strip()]

    async def seed() -> None:
        await seed_platform_domains(context.pool, context.recorder, names)

    async def work() -> None:
        await _until_done(seed)
        await worker.run()

    yield Part(
        handlers=domain_handlers(context.recorder, ownership_key=ownership_keys(context.settings)[-1]),
        tasks={"domains": work},
        wake=worker.wake,
    )


def ownership_keys(settings: ProvisionerSettings) -> tuple[bytes, ...]:
    """Return the keys of ownership records, one from each master key; the last, from the oldest, makes new records."""
    return MasterKeys.parse(settings.master_keys.get_secret_value()).derived(PURPOSE)


def domain_handlers(recorder: Recorder, *, ownership_key: bytes) -> dict[type[Event], Handler]:
    """Return the handlers of the requests about domains; the key makes ownership records."""

    async def on_domain_requested(connection: Connection, received: Received) -> None:
        await request_domain(
            received.event,
            cast("DomainRequested", received.event.data),
            desk=PostgresClaimDesk(connection, recorder),
            now=recorder.clock.now(),
            ownership_key=ownership_key,
        )
        failpoint("provisioner.domain_claim.before_commit")

    async def on_change_requested(connection: Connection, received: Received) -> None:
        await change_domain(
            received.event,
            cast("DomainChangeRequested", received.event.data),
            desk=PostgresClaimDesk(connection, recorder),
        )

    async def on_deletion_requested(connection: Connection, received: Received) -> None:
        await delete_domain(
            received.event,
            cast("DomainDeletionRequested", received.event.data),
            desk=PostgresClaimDesk(connection, recorder),
        )

    async def on_verification_requested(connection: Connection, received: Received) -> None:
        await verify_domain(
            received.event,
            cast("DomainVerificationRequested", received.event.data),
            desk=PostgresClaimDesk(connection, recorder),
        )

    return {
        DomainRequested: on_domain_requested,
        DomainChangeRequested: on_change_requested,
        DomainVerificationRequested: on_verification_requested,
        DomainDeletionRequested: on_deletion_requested,
    }


def domain_worker(
    context: Context, *, lease_seconds: float, poll_seconds: float = POLL_SECONDS
) -> LeasedWorker[Lease]:
    """Return the worker that runs the domain saga on every name that is due; it looks for some every so often."""
    store = PostgresNames(context.pool, context.recorder, context.announce, lease_seconds=lease_seconds)
    settings, clock = context.settings, context.recorder.clock
    departures = PostgresDepartures(
        store, context.recorder, context.announce, warmup_end_seconds=settings.warmup_end_seconds
    )
    zones = CloudflareZones(context.cloudflare, ZonePolicy(settings.cloudflare_zones))
    dns = PublicDns(parse_servers(settings.dns_servers), timeout_seconds=settings.dns_timeout_seconds)
    first_check = settings.domain_poll_seconds
    registrar = Registrar(store, AgentMailDomains(context.agentmail), clock)
    publisher = Publisher(store, zones, clock)
    saga = DomainSaga(
        store,
        Commands(store, departures, clock, first_check_seconds=first_check),
        registrar,
        publisher,
        Checker(
            store,
            registrar,
            dns,
            clock,
            first_check_seconds=first_check,
            recheck_seconds=settings.domain_recheck_seconds(),
            ownership_keys=ownership_keys(settings),
        ),
        Remover(store, departures, registrar, publisher, clock, sweep_seconds=settings.sweep_seconds),
        clock,
        renew_seconds=lease_seconds / 3,
        random=SystemRandom(),
    )
    return LeasedWorker(
        "domains", store.claim_due, saga.run, concurrency=CONCURRENCY, poll_seconds=poll_seconds
    )


async def _until_done(seed: Callable[[], Awaitable[None]]) -> None:
    """Seed once the database is there; until then the service is up and says that it is not ready."""
    while True:
        try:
            await seed()
            return
        except OUTAGE as error:
            log.warning("seed_postponed", error=type(error).__name__)
            await asyncio.sleep(SEED_RETRY_SECONDS)
