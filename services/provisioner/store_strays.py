"""What commands make at the inbox provider, kept from before the call until it is sure whether it stays.

A call may land long after its caller gave up. So what it makes is written down with its intent, and looked for until then;
what an account came to have is kept, all else of the name is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.provisioner.commands import Command, Made
from services.provisioner.domain.accounts import Holder, Refusal, refuse_by_claim, refuse_by_holder
from services.provisioner.store import HOLDER, claim_to
from shared.clock import Ids
from shared.db.pool import Connection, Pool

EXPECT = """
    insert into stray (id, account_id, kind, inbox_id, name, due_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
    on conflict (id) do update set doubtful_since = now(), due_at = excluded.due_at
"""
ABANDON = """
    insert into stray (id, account_id, kind, inbox_id, name, due_at) values ($1, $2, 'inbox', $3, $4, now())
"""
NOW = "update stray set due_at = now() where id = $1"
RESERVE = """
    insert into address (address, account_id, state) values ($1, $2, 'live')
    on conflict (address) do nothing returning true
"""
EXPECTED = "select kind, inbox_id from stray where id = $1"
KEEP = "update stray set kept_id = $2 where id = $1"
FORGET = "delete from stray where id = $1 returning kind, inbox_id"
RELEASE = "delete from address where address = $1 and account_id = $2 and state = 'live'"
BURN = """
    update address set state = 'burned', reason = $3, burned_at = now()
    where address = $1 and account_id = $2 and state = 'live'
"""
CLAIM = """
    with due as (
        select id from stray
        where due_at <= now() and (leased_until is null or leased_until < now())
            and not exists (select from account_command open where open.request_id = stray.id)
        order by due_at limit $2 for update skip locked
    )
    update stray set lease_token = $1, leased_until = now() + make_interval(secs => $3)
    from due, account where stray.id = due.id and account.id = stray.account_id
    returning stray.*, stray.kind = 'inbox' and stray.inbox_id = any(account.aliases) as is_kept
"""
LOOKED = """
    update stray set look_ups = $3, lease_token = null, leased_until = null,
        due_at = doubtful_since + make_interval(secs => $4)
    where id = $1 and lease_token = $2
"""
AGAIN = """
    update stray set lease_token = null, leased_until = null, due_at = now() + make_interval(secs => $3)
    where id = $1 and lease_token = $2
"""
DONE = "delete from stray where id = $1 and lease_token = $2"
LEASE_SECONDS = 60.0


# --- with the command's own writes ----------------------------------------------------------------------------


async def expect(
    connection: Connection, command: Command, made: Made, look_after_seconds: float
) -> Refusal | None:
    """Write down what a call is going to make; an inbox's address is reserved, or the reason returned why not."""
    if made.kind == "inbox":
        refusal = await _reserve(connection, command, made.inbox_id)
        if refusal is not None:
            return refusal
    await connection.execute(
        EXPECT,
        command.request_id,
        command.account.account_id,
        made.kind,
        made.inbox_id,
        made.name,
        look_after_seconds,
    )
    return None


async def keep(connection: Connection, command: Command, kept_id: str | None) -> None:
    """Record that it is made and stays; an earlier call of the same command may still make another key."""
    if command.has_intent and kept_id is not None:
        await connection.execute(KEEP, command.request_id, kept_id)
    else:
        await connection.execute(FORGET, command.request_id)


async def forget(connection: Connection, command: Command) -> None:
    """Record that no call made anything; a reserved address is free again."""
    row = await connection.fetchrow(FORGET, command.request_id)
    if row is not None and row["kind"] == "inbox":
        await connection.execute(RELEASE, row["inbox_id"], command.account.account_id)


async def doubt(connection: Connection, command: Command) -> None:
    """Record that a call may have made something that must not stay; an inbox burns its address if it did."""
    row = await connection.fetchrow(EXPECTED, command.request_id)
    if row is not None and row["kind"] == "inbox":
        await burn(connection, row["inbox_id"], command.account.account_id, "provisioning_failed")


async def orphan(connection: Connection, command: Command) -> None:
    """Record that what was made has no account any more; it is removed at once."""
    await doubt(connection, command)
    await connection.execute(NOW, command.request_id)


async def abandon(connection: Connection, id: UUID, account_id: UUID, address: str, key: str) -> None:  # noqa: A002
    """Have it looked for whether an inbox landed at an address that its account has left."""
    await connection.execute(ABANDON, id, account_id, address, key)


async def burn(connection: Connection, address: str, account_id: UUID, reason: str) -> None:
    """Let nobody have an address any more."""
    await connection.execute(BURN, address, account_id, reason)


async def _reserve(connection: Connection, command: Command, address: str) -> Refusal | None:
    account, domain = command.account, address.rpartition("@")[2]
    scope = (account.tenant_id, account.workspace_id, account.dialect)
    refusal = refuse_by_claim(await claim_to(connection, domain, *scope), *scope, named=domain)
    if refusal is not None or await connection.fetchval(RESERVE, address, account.account_id):
        return refusal
    holder = await connection.fetchrow(HOLDER, address)
    earlier = await connection.fetchrow(EXPECTED, command.request_id)
    if holder is None or (earlier is not None and holder["account_id"] == account.account_id):
        return None
    return refuse_by_holder(address, Holder(*holder))


# --- afterwards -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Stray:
    """One look for what may have landed late; `is_kept`: it turned out to belong there."""

    id: UUID
    token: UUID
    account_id: UUID
    kind: Literal["inbox", "key"]
    inbox_id: str
    name: str
    kept_id: str | None
    look_ups: int
    is_kept: bool


class StrayStore:
    """The strays of this service; `delays` are the seconds after which each look is due."""

    def __init__(self, pool: Pool, ids: Ids, delays: Sequence[float]) -> None:
        self._pool = pool
        self._ids = ids
        self._delays = delays

    async def claim(self, limit: int) -> list[Stray]:
        """Lease up to `limit` due strays whose commands are over."""
        rows = await self._pool.fetch(CLAIM, self._ids.new(), limit, LEASE_SECONDS)
        return [
            Stray(
                id=row["id"],
                token=row["lease_token"],
                account_id=row["account_id"],
                kind=row["kind"],
                inbox_id=row["inbox_id"],
                name=row["name"],
                kept_id=row["kept_id"],
                look_ups=row["look_ups"],
                is_kept=row["is_kept"],
            )
            for row in rows
        ]

    async def looked(self, stray: Stray) -> None:
        """Schedule the next look, or end after the last."""
        looks = stray.look_ups + 1
        if looks < len(self._delays) and not stray.is_kept:
            await self._pool.execute(LOOKED, stray.id, stray.token, looks, self._delays[looks])
        else:
            await self._pool.execute(DONE, stray.id, stray.token)

    async def again(self, stray: Stray, wait_seconds: float) -> None:
        """Repeat a look that did not come off, or that found something."""
        await self._pool.execute(AGAIN, stray.id, stray.token, wait_seconds)
