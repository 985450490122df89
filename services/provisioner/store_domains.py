"""The work on names under their leases: every write proves that it still holds the lease, or changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.provisioner.domain.domain_changes import Change, answer_of, refusal_of
from services.provisioner.domain.domains import Claim, Publication
from services.provisioner.domain_rows import (
    OPEN_REQUESTS,
    SELECT,
    UPDATE,
    changing_values,
    claim_of,
    open_request_of,
)
from services.provisioner.domain_work import Lease, NameWork, OpenRequest, PublisherOf
from shared.contracts.accounts import Failure
from shared.contracts.answers import DomainRequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.leases import LeaseLost
from shared.db.pool import Connection, Pool
from shared.messaging import answers
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

CLAIM = """
    with due as (
        select domain from provider_domain
        where (due_at <= now() and lease_token is null) or (lease_token is not null and leased_until <= now())
        order by due_at nulls first limit $2 for update skip locked
    )
    update provider_domain p
    set lease_token = $1, leased_until = now() + make_interval(secs => $3), due_at = null,
        doubtful_since = case when p.lease_token is null then p.doubtful_since else $4 end,
        look_ups = case when p.lease_token is null then p.look_ups else 0 end
    from due where p.domain = due.domain
    returning p.domain
"""
"""Whoever went silent may have made a call that has yet to land."""
HOLD = """
    update provider_domain set leased_until = now() + make_interval(secs => $3)
    where domain = $1 and lease_token = $2 returning true
"""
RELEASE = """
    update provider_domain set lease_token = null, leased_until = null,
        due_at = least(due_at, now() + make_interval(secs => $3::float8)), attempts = $4, last_error_code = $5
    where domain = $1 and lease_token = $2
"""
KEEP_STILL = "select true from domain_claim where id = $1 for update"
"""Waits for the reservations that have seen the claim as it was; those that come later wait for us."""
OF_INTEREST = """
    where domain = $1 and (
        status <> 'deleted' or exists (select from domain_request where claim_id = domain_claim.id)
    )
"""
SHOWN = """
    select tenant_id, array_agg(distinct ownership_value) as said from domain_claim
    where domain = $1 and not is_platform group by tenant_id
"""
PUBLISHERS = """
    select id as claim_id, tenant_id from domain_claim where domain = $1 and publication_intent_at is not null
"""
WIN = """
    update provider_domain set owner_tenant_id = $3
    where domain = $1 and lease_token = $2 and (owner_tenant_id is null or owner_tenant_id = $3)
    returning true
"""


class PostgresNames:
    """The `NameStore`; `announce` is called after each commit that recorded events."""

    def __init__(
        self, pool: Pool, recorder: Recorder, announce: Callable[[], None], *, lease_seconds: float
    ) -> None:
        self._pool = pool
        self._recorder = recorder
        self._announce = announce
        self._lease_seconds = lease_seconds

    async def claim_due(self, limit: int) -> Sequence[Lease]:
        """Lease names on which something is due, or whose holder went silent."""
        token = self._recorder.ids.new()
        now = self._recorder.clock.now()
        rows = await self._pool.fetch(CLAIM, token, limit, self._lease_seconds, now)
        return [Lease(row["domain"], token) for row in rows]

    async def load(self, lease: Lease) -> NameWork:
        """Return the work on a name."""
        async with self.held(lease) as connection:
            name = await connection.fetchrow("select * from provider_domain where domain = $1", lease.domain)
            claims = await connection.fetch(f"{SELECT} {OF_INTEREST} order by created_at, id", lease.domain)
            requests = await connection.fetch(OPEN_REQUESTS, lease.domain)
            shown = await connection.fetch(SHOWN, lease.domain)
        if name is None:
            raise LeaseLost("The name is gone.")
        return NameWork(
            domain=lease.domain,
            is_registered=name["provider_domain_id"] is not None,
            has_intent=name["registration_intent_at"] is not None,
            asked_at=name["asked_at"],
            attempts=name["attempts"],
            doubtful_since=name["doubtful_since"],
            look_ups=name["look_ups"],
            claims=[claim_of(row) for row in claims],
            requests=[open_request_of(row) for row in requests],
            shown={row["tenant_id"]: frozenset(row["said"]) for row in shown},
        )

    async def renew(self, lease: Lease) -> None:
        """Keep the lease for another while."""
        async with self.held(lease):
            pass

    async def intend_registration(self, lease: Lease) -> None:
        """Record that the provider is about to be told of the name."""
        await self._set_name(lease, "registration_intent_at = now()")

    async def record_registration(self, lease: Lease, provider_domain_id: str) -> None:
        """Record that the provider knows the name."""
        await self._set_name(lease, "provider_domain_id = $2", provider_domain_id)

    async def forget_registration(self, lease: Lease) -> None:
        """Record that the provider does not know the name after all."""
        await self._set_name(lease, "provider_domain_id = null, registration_intent_at = null")

    async def intend_check(self, lease: Lease, at: datetime) -> None:
        """Record that the provider is about to be asked to check."""
        await self._set_name(lease, "asked_at = $2", at)

    async def doubt(self, lease: Lease, at: datetime) -> None:
        """Record that a call was given up on which may still land."""
        await self._set_name(lease, "doubtful_since = $2, look_ups = 0", at)

    async def looked_for(self, lease: Lease, *, is_last: bool) -> None:
        """Record a look for what may have landed late; after the last one there is no doubt any more."""
        change = "doubtful_since = null, look_ups = 0" if is_last else "look_ups = look_ups + 1"
        await self._set_name(lease, change)

    async def intend_publication(self, lease: Lease, claim: Claim) -> None:
        """Record that the claim's records are about to be published."""
        async with self.held(lease) as connection:
            await connection.execute(
                "update domain_claim set publication_intent_at = now() where id = $1", claim.id
            )

    async def record_manual(self, lease: Lease, claim: Claim) -> Claim:
        """Record that the tenant must publish the claim's records; its next fact says that they are not synced."""
        async with self.held(lease) as connection:
            await connection.execute(
                "update domain_claim set publication = $2, is_dns_synced = false where id = $1",
                claim.id,
                Publication.MANUAL.value,
            )
        state = claim.state.model_copy(update={"is_dns_synced": False})
        return replace(claim, state=state, publication=Publication.MANUAL)

    async def save(self, lease: Lease, change: Change, answering: Sequence[OpenRequest] = ()) -> Claim:
        """Write a change and its fact, and answer these requests with it, in one transaction."""
        async with self.held(lease) as connection:
            claim = await self.write(connection, change, answering)
        self._announce()
        return claim

    async def remember(self, lease: Lease, claim: Claim) -> None:
        """Write what a look found that nobody is told of."""
        async with self.held(lease) as connection:
            await connection.execute(
                "update domain_claim set recheck_at = $3, bad_looks = $4 where id = $1 and version = $2",
                claim.id,
                claim.version,
                claim.recheck_at,
                claim.bad_looks,
            )

    async def win(self, lease: Lease, change: Change, answering: Sequence[OpenRequest] = ()) -> Claim | None:
        """Write a verification like `save`, unless another tenant verified the name before."""
        async with self.held(lease) as connection:
            if not await connection.fetchval(WIN, lease.domain, lease.token, change.claim.state.tenant_id):
                return None
            claim = await self.write(connection, change, answering)
        self._announce()
        return claim

    async def answer(self, lease: Lease, claim: Claim, requests: Sequence[OpenRequest]) -> None:
        """Answer these requests with the claim as it stands."""
        if requests:
            async with self.held(lease) as connection:
                await self._answer(connection, claim, requests)
            self._announce()

    async def refuse(self, lease: Lease, claim: Claim, why: Failure, requests: Sequence[OpenRequest]) -> None:
        """Answer these requests with a refusal."""
        if requests:
            async with self.held(lease) as connection:
                for request in requests:
                    await self.reply(
                        connection, claim, request, refusal_of(request.request_id, claim.id, why)
                    )
            self._announce()

    async def publishers(self, lease: Lease) -> Sequence[PublisherOf]:
        """Return the claims to the name, deleted ones too, for which records were published or may have been."""
        async with self.held(lease) as connection:
            rows = await connection.fetch(PUBLISHERS, lease.domain)
        return [PublisherOf(**dict(row)) for row in rows]

    async def release(
        self, lease: Lease, *, due_in: float | None, attempts: int = 0, error_code: str | None = None
    ) -> None:
        """Give the name back; what somebody asked for meanwhile stays due."""
        await self._pool.execute(RELEASE, lease.domain, lease.token, due_in, attempts, error_code)

    @asynccontextmanager
    async def held(self, lease: Lease, *, still: UUID | None = None) -> AsyncIterator[Connection]:
        """Open a transaction that commits only under the lease, which it renews; `still` is a claim nobody else may use.

        That claim is locked first, as by those who use it: they lock claims before names.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if still is not None:
                await connection.execute(KEEP_STILL, still)
            if not await connection.fetchval(HOLD, lease.domain, lease.token, self._lease_seconds):
                raise LeaseLost("Another worker holds the name.")
            yield connection

    async def _set_name(self, lease: Lease, change: str, *values: Any) -> None:
        async with self.held(lease) as connection:
            await connection.execute(
                f"update provider_domain set {change} where domain = $1",  # noqa: S608  only our own text
                lease.domain,
                *values,
            )

    async def write(self, connection: Connection, change: Change, answering: Sequence[OpenRequest]) -> Claim:
        """Write a change and its fact in the caller's transaction, and answer these requests with it."""
        before = change.claim
        event = self._recorder.event(
            change.fact(domain=before.state),
            subject=before.id,
            tenant_id=before.state.tenant_id,
            workspace_id=before.state.workspace_id,
            sequence=before.version + 1,
            request_id=before.request_id,
            causation_id=before.last_event_id,
            traceparent=before.traceparent,
            after=before.last_event_time,
        )
        claim = replace(
            before, version=before.version + 1, last_event_id=event.id, last_event_time=event.time
        )
        if not await connection.fetchval(UPDATE, claim.id, before.version, *changing_values(claim)):
            raise LeaseLost("The claim was changed by another worker.")
        await append(connection, event)
        await self._answer(connection, claim, answering)
        return claim

    async def reply(
        self, connection: Connection, claim: Claim, request: OpenRequest, data: DomainRequestAnswered
    ) -> None:
        """Give a request its one answer in the caller's transaction."""
        asked = Recorded(
            id=request.event_id,
            subject=claim.id,
            time=request.event_time,
            tenant_id=claim.state.tenant_id,
            workspace_id=claim.state.workspace_id,
            data=data,
            request_id=request.request_id,
            traceparent=request.traceparent,
        )
        await answers.answer(connection, self._recorder, asked, data)
        await connection.execute("delete from domain_request where request_id = $1", request.request_id)

    async def _answer(self, connection: Connection, claim: Claim, requests: Sequence[OpenRequest]) -> None:
        for request in requests:
            await self.reply(connection, claim, request, answer_of(claim, request.request_id))
