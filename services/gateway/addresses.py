"""Whether an address can be had, over all tenants: nothing else of whoever has it is told."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from services.gateway.queries import PLATFORM
from services.gateway.reads import ACQUIRE_SECONDS, Reader
from shared.contracts.accounts import AccountStatus, AccountUndone
from shared.contracts.requests import Caller
from shared.db.pool import Pool


class Standing(StrEnum):
    """What stands in the way of an address."""

    FREE = "free"
    RESERVED = "reserved"
    """An account is being made with it."""
    GOING = "going"
    """What had it is being removed."""
    TAKEN = "taken"
    """It is, or once was, somebody's."""


class Addresses:
    """Looks addresses up on the connections that see every tenant, and domains on those that see the caller's."""

    def __init__(self, pool: Pool, reader: Reader) -> None:
        self._pool = pool
        self._reader = reader

    async def may_use(self, caller: Caller, workspace_id: UUID, domain: str) -> bool:
        """Return whether a workspace may have accounts on a domain: its own verified one, or the platform's."""
        async with self._reader.bound(caller) as connection:
            found = await connection.fetchval(
                """
                select true from domain where name = $1 and status = 'verified'
                    and (tenant_id = $2 or (tenant_id = $3 and workspace_id = $4 and dialect = $5)) limit 1
                """,
                domain,
                PLATFORM,
                caller.tenant_id,
                workspace_id,
                caller.dialect,
            )
        return bool(found)

    async def standing(self, address: str) -> Standing:
        """Return what stands in the way of an address now; only asking for it settles that."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(
                """
                select a.account->>'status' as status,
                    (select e.data->>'is_address_burned' from event e where e.subject = a.id and e.type = $2) as burned
                from account a where a.address = $1
                """,
                address,
                AccountUndone.TYPE,
            )
        found = {_standing(row["status"], row["burned"]) for row in rows}
        return next(
            (each for each in (Standing.TAKEN, Standing.RESERVED, Standing.GOING) if each in found),
            Standing.FREE,
        )


def _standing(status: str, burned: str | None) -> Standing:
    match AccountStatus(status):
        case AccountStatus.RESERVED:
            return Standing.RESERVED
        case AccountStatus.DELETING:
            return Standing.GOING
        case AccountStatus.FAILED if burned is None:
            return Standing.GOING
        case AccountStatus.FAILED if burned == "false":
            return Standing.FREE
        case _:
            return Standing.TAKEN
