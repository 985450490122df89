"""Reservations: addresses, new accounts and their sagas, written in the transaction of the batch that asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.provisioner.domain.accounts import DomainClaim, Holder, Reservation
from services.provisioner.domain.names import Existing, Wish
from services.provisioner.domain_rows import MATCHED
from services.provisioner.store_names import first_free
from services.provisioner.store_requests import PostgresRequests
from shared.contracts.accounts import AccountStatus
from shared.contracts.domains import DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.db.pool import Connection
from shared.errors import Retryable
from shared.messaging.event_log import append

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
    insert into saga (account_id, direction, epoch, request_id, traceparent, naming, asked_name)
    select id, 'forward', 1, $20, $21, $24, $25 from created
    returning account_id
"""
CLAIM = """
    select id, tenant_id, workspace_id, dialect, domain, status = $2 as is_verified, is_platform from domain_claim
"""
HOLDER = "select account_id, state = 'burned', reason, burned_at from address where address = $1"


EXISTING = """
    select a.id, a.tenant_id, a.workspace_id, a.dialect, a.status, a.version
    from {place} join account a on a.id = {place}.account_id
    where {condition} and a.status in ('reserved', 'provisioned') for share of a
"""
AT = EXISTING.format(place="address", condition="address.address = $1 and a.address = $1")
REMEMBERED = EXISTING.format(
    place="allocation",
    condition="allocation.tenant_id = $1 and allocation.workspace_id = $2 and allocation.username = $3"
    " and allocation.domain = $4",
)
REMEMBER = """
    insert into allocation (tenant_id, workspace_id, username, domain, account_id) values ($1, $2, $3, $4, $5)
    on conflict (tenant_id, workspace_id, username, domain) do update set account_id = excluded.account_id
"""
JOIN = """
    insert into joined_request
        (request_id, account_id, event_id, event_time, subject, tenant_id, workspace_id, traceparent)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
NAMES_LOCK = 0x6D77_6E61  # "mwna": the first key of the advisory lock; the second tells wishes apart


class PostgresReservations(PostgresRequests):
    """The `Reservations` of one transaction."""

    async def claim(self, domain_id: UUID) -> DomainClaim | None:
        """Return what is known of a claim to a domain, as `ClaimDesk.claim` finds it; it stays so until the transaction ends.

        The lock keeps a deletion of the claim out: it either finds the account that is made here, or comes first and
        is seen here.
        """
        row = await self._connection.fetchrow(
            f"{CLAIM} where id = {MATCHED} and status <> 'deleted' for key share",
            domain_id,
            DomainStatus.VERIFIED.value,
        )
        return None if row is None else _claim(row)

    async def claim_to(
        self, domain: str, tenant_id: UUID, workspace_id: UUID, dialect: Dialect
    ) -> DomainClaim | None:
        """Return the platform's claim to a name, else the one that a workspace made in a dialect; it stays so too."""
        return await claim_to(self._connection, domain, tenant_id, workspace_id, dialect)

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
            reservation.naming.value,
            reservation.asked_name,
        )
        if reserved is not None:
            await append(self._connection, fact)
            return None
        holder = await self._connection.fetchrow(HOLDER, account.address)
        if holder is None:
            raise Retryable("The address was given back while it was being reserved.")
        return Holder(*holder)

    async def hold(self, wish: Wish) -> None:
        """Wait for whoever decides about the same wish at this moment; the lock ends with the transaction."""
        await self._connection.execute(
            "select pg_advisory_xact_lock($1, hashtext($2))", NAMES_LOCK, " ".join(map(str, _place(wish)))
        )

    async def at(self, address: str) -> Existing | None:
        """Return the account that has the address as its own; it stays as it is until the transaction ends."""
        return _existing(await self._connection.fetchrow(AT, address))

    async def remembered(self, wish: Wish) -> Existing | None:
        """Return the living account that an earlier request with the same wish came to; it stays as it is too."""
        return _existing(await self._connection.fetchrow(REMEMBERED, *_place(wish)))

    async def remember(self, wish: Wish, account_id: UUID) -> None:
        """Keep in mind which account a wish came to."""
        await self._connection.execute(REMEMBER, *_place(wish), account_id)

    async def first_free(self, names: Sequence[str], domain: str) -> str | None:
        """Return the first of these names whose address nobody has or had."""
        return await first_free(self._connection, names, domain)

    async def join(self, request: Recorded, existing: Existing) -> None:
        """Have the request answered with the one that began the account."""
        await self._connection.execute(
            JOIN,
            request.request_id,
            existing.account_id,
            request.id,
            request.time,
            request.subject,
            request.tenant_id,
            request.workspace_id,
            request.traceparent,
        )


async def claim_to(
    connection: Connection, domain: str, tenant_id: UUID, workspace_id: UUID, dialect: Dialect
) -> DomainClaim | None:
    """Return the platform's claim to a name, else the one that a workspace made in a dialect; it stays so too."""
    row = await connection.fetchrow(
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


def _place(wish: Wish) -> tuple[UUID, UUID, str, str]:
    return wish.tenant_id, wish.workspace_id, wish.name, wish.domain


def _existing(row: asyncpg.Record | None) -> Existing | None:
    if row is None:
        return None
    return Existing(
        account_id=row["id"],
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        dialect=Dialect(row["dialect"]),
        status=AccountStatus(row["status"]),
        version=row["version"],
    )


def _claim(row: asyncpg.Record) -> DomainClaim:
    return DomainClaim(**{**dict(row), "dialect": Dialect(row["dialect"])})
