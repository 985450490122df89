"""Reservations: addresses, new accounts and their sagas, written in the transaction of the batch that asked for them."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from services.provisioner.domain.accounts import DomainClaim, Holder, Reservation
from shared.contracts.answers import RequestAnswered
from shared.contracts.domains import DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.db.pool import Connection
from shared.errors import Retryable
from shared.messaging import answers
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

RESERVE = """
    with free as (
        insert into address (address, account_id, state) values ($8, $1, 'live')
        on conflict (address) do nothing returning account_id
    ), created as (
        insert into account (
            id, tenant_id, workspace_id, user_id, dialect, plan, status, address, username, domain_id, domain,
            display_name, first_name, last_name, daily_limit, suspended, quota_bytes, send_scope,
            version, last_event_id, last_event_time, created_at, updated_at
        )
        select account_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $22, $23,
            1, $17, $18, $19, $19
        from free returning id
    )
    insert into saga (account_id, direction, epoch, request_id, traceparent)
    select id, 'forward', 1, $20, $21 from created
    returning account_id
"""
CLAIM = """
    select id, tenant_id, workspace_id, dialect, domain, status = $2 as is_verified, is_platform from domain_claim
"""
HOLDER = "select account_id, state = 'burned', reason, burned_at from address where address = $1"


class PostgresReservations:
    """The `Reservations` of one transaction."""

    def __init__(self, connection: Connection, recorder: Recorder) -> None:
        self._connection = connection
        self._recorder = recorder

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before, and then its answer is sent again."""
        return await answers.begin(self._connection, self._recorder, request)

    async def claim(self, domain_id: UUID) -> DomainClaim | None:
        """Return what is known of a claim to a domain; it stays so until the transaction ends.

        The lock keeps a deletion of the claim out: it either finds the account that is made here, or comes first and
        is seen here.
        """
        row = await self._connection.fetchrow(
            f"{CLAIM} where id = $1 for key share", domain_id, DomainStatus.VERIFIED.value
        )
        return None if row is None else _claim(row)

    async def claim_to(
        self, domain: str, tenant_id: UUID, workspace_id: UUID, dialect: Dialect
    ) -> DomainClaim | None:
        """Return the platform's claim to a name, else the one that a workspace made in a dialect; it stays so too."""
        row = await self._connection.fetchrow(
            f"""
            {CLAIM} where domain = $1 and status not in ('deleting', 'deleted')
                and (is_platform or (tenant_id = $3 and workspace_id = $4 and dialect = $5))
            order by is_platform desc limit 1 for key share
            """,
            domain,
            DomainStatus.VERIFIED.value,
            tenant_id,
            workspace_id,
            dialect.value,
        )
        return None if row is None else _claim(row)

    async def reserve(self, reservation: Reservation) -> Holder | None:
        """Reserve the address and record the account, its saga and its first fact; else say who holds it.

        A reservation of the same address that is not yet committed is waited for: its row decides (S0-36).

        Raises:
            Retryable: The address was given back at this very moment; the batch is handled again.
        """
        account, fact = reservation.account, reservation.fact
        reserved = await self._connection.fetchval(
            RESERVE,
            account.account_id,
            account.tenant_id,
            account.workspace_id,
            account.user_id,
            account.dialect.value,
            account.plan.model_dump(mode="json"),
            account.status.value,
            account.address,
            account.username,
            account.domain_id,
            account.domain,
            account.display_name,
            account.first_name,
            account.last_name,
            account.daily_limit,
            account.suspended,
            fact.id,
            fact.time,
            account.created_at,
            reservation.request.request_id,
            reservation.request.traceparent,
            account.quota_bytes,
            account.send_scope.model_dump(mode="json"),
        )
        if reserved is not None:
            await append(self._connection, fact)
            return None
        holder = await self._connection.fetchrow(HOLDER, account.address)
        if holder is None:
            raise Retryable("The address was given back while it was being reserved.")
        return Holder(*holder)

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        await answers.answer(self._connection, self._recorder, request, data)


def _claim(row: asyncpg.Record) -> DomainClaim:
    return DomainClaim(**{**dict(row), "dialect": Dialect(row["dialect"])})
