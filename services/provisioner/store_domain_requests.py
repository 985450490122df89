"""Claims as requests make them, and the platform's own: written beside the work on them, never in its way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from services.provisioner.domain.domains import PLATFORM_TENANT, Claim, platform_claim
from services.provisioner.domain_rows import (
    INSERT,
    LIVING,
    MATCH,
    MATCHED,
    SELECT,
    changing_values,
    claim_of,
    identity_values,
)
from services.provisioner.domain_work import OpenRequest
from services.provisioner.store_requests import PostgresRequests
from shared.contracts.domains import DomainVerified
from shared.db.pool import Pool
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

NAME = "insert into provider_domain (domain) values ($1) on conflict do nothing"
KEEP = """
    insert into domain_request (
        request_id, event_id, event_time, claim_id, is_check, traceparent, change_to, is_deletion, is_cascade
    ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
MAKE_DUE = "update provider_domain set due_at = least(due_at, now()) where domain = $1"
SEED_NAME = """
    insert into provider_domain as p (domain, owner_tenant_id, due_at) values ($1, $2, now())
    on conflict (domain) do update set
        owner_tenant_id = coalesce(p.owner_tenant_id, $2),
        due_at = case when p.provider_domain_id is null then now() else p.due_at end
    returning owner_tenant_id
"""


class PostgresClaimDesk(PostgresRequests):
    """The `ClaimDesk` of one transaction."""

    async def claim(self, claim_id: UUID) -> Claim | None:
        """Return a claim by its id, or by the id of a request that it was the answer to."""
        row = await self._connection.fetchrow(f"{SELECT} where id = {MATCHED}", claim_id)
        return None if row is None else claim_of(row)

    async def owner_of(self, domain: str) -> UUID | None:
        """Return the tenant that verified the name."""
        owner: UUID | None = await self._connection.fetchval(
            "select owner_tenant_id from provider_domain where domain = $1", domain
        )
        return owner

    async def add(self, claim: Claim) -> Claim | None:
        """Keep a new claim, or return the one that its workspace has; one that is being added now is waited for."""
        await self._connection.execute(NAME, claim.state.domain)
        if await self._connection.fetchval(INSERT, *identity_values(claim), *changing_values(claim)):
            return None
        row = await self._connection.fetchrow(
            f"{SELECT} where tenant_id = $1 and workspace_id = $2 and dialect = $3 and domain = $4 and {LIVING}",
            claim.state.tenant_id,
            claim.state.workspace_id,
            claim.state.dialect.value,
            claim.state.domain,
        )
        if row is None:
            return None
        # Whoever was shown the request before this was known goes on with the request's id.
        await self._connection.execute(MATCH, claim.id, row["id"])
        return claim_of(row)

    async def ask(self, request: OpenRequest, claim: Claim) -> None:
        """Keep the request until it is answered, and make the work on the name due."""
        await self._connection.execute(
            KEEP,
            request.request_id,
            request.event_id,
            request.event_time,
            request.claim_id,
            request.is_check,
            request.traceparent,
            request.change_to.value if request.change_to else None,
            request.is_deletion,
            request.is_cascade,
        )
        await self._connection.execute(MAKE_DUE, claim.state.domain)


async def seed_platform_domains(pool: Pool, recorder: Recorder, domains: Iterable[str]) -> None:
    """Have a verified claim for each platform domain, and its name registered; safe to repeat.

    Its one fact says so to whoever shows domains. A name that a tenant had verified before it became the platform's
    stays the tenant's.
    """
    async with pool.acquire() as connection, connection.transaction():
        for domain in domains:
            owner = await connection.fetchval(SEED_NAME, domain, PLATFORM_TENANT)
            if owner != PLATFORM_TENANT:
                continue
            claim = platform_claim(domain, recorder.clock.now())
            fact = recorder.event(
                DomainVerified(domain=claim.state),
                subject=claim.id,
                tenant_id=PLATFORM_TENANT,
                workspace_id=PLATFORM_TENANT,
                sequence=1,
            )
            stated = replace(claim, version=1, last_event_id=fact.id, last_event_time=fact.time)
            if await connection.fetchval(INSERT, *identity_values(stated), *changing_values(stated)):
                await append(connection, fact)
