"""Tenants, workspaces and keys in the database: made and revoked by operators, looked up by every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.security.keys import SCOPES, WORKSPACE_BOUND, KeyText, make_key
from shared.clock import Clock, Ids
from shared.contracts.requests import Dialect
from shared.db.pool import Connection

LOOK_UP = """
    select k.dialect, k.tenant_id, k.workspace_id, k.user_id, k.secret_hash, k.scopes
    from api_key k
    where k.id = $1 and k.prefix = $2 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $3)
"""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as an operator sees it; never its secret."""

    id: str
    prefix: str
    dialect: str
    name: str
    tenant: str
    workspace: str | None
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyAdmin:
    """Makes, lists and revokes keys over one connection of the gateway's own role."""

    def __init__(self, connection: Connection, clock: Clock, ids: Ids) -> None:
        self._connection = connection
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        *,
        dialect: Dialect,
        prefix: str,
        tenant: str,
        workspace: str,
        name: str,
        scopes: Sequence[str] = SCOPES,
        expires_at: datetime | None = None,
    ) -> KeyText:
        """Make a key, and its tenant and workspace if they are new; the secret exists only in what this returns."""
        async with self._connection.transaction():
            tenant_id, owner_id = await self._tenant(tenant)
            workspace_id = await self._workspace(tenant_id, workspace)
            key = make_key(prefix)
            await self._connection.execute(
                """
                insert into api_key (id, prefix, dialect, name, tenant_id, workspace_id, user_id, secret_hash, scopes,
                    created_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                key.id,
                prefix,
                dialect,
                name,
                tenant_id,
                workspace_id if prefix in WORKSPACE_BOUND else None,
                owner_id,
                key.hash(),
                list(scopes),
                self._clock.now(),
                expires_at,
            )
        return key

    async def list(self) -> Sequence[StoredKey]:
        """Return all keys, newest first."""
        rows = await self._connection.fetch(
            """
            select k.id, k.prefix, k.dialect, k.name, t.name as tenant, w.name as workspace, k.scopes, k.created_at,
                k.expires_at, k.revoked_at, k.last_used_at
            from api_key k join tenant t on t.id = k.tenant_id left join workspace w on w.id = k.workspace_id
            order by k.created_at desc, k.id
            """
        )
        return [StoredKey(**row) for row in rows]

    async def revoke(self, key_id: str) -> bool:
        """End a key from the next call on; False if there is no such key in force."""
        done = await self._connection.fetchval(
            "update api_key set revoked_at = $2 where id = $1 and revoked_at is null returning true",
            key_id,
            self._clock.now(),
        )
        return bool(done)

    async def revoke_named(self, name: str) -> None:
        """End every key of this name."""
        await self._connection.execute(
            "update api_key set revoked_at = $2 where name = $1 and revoked_at is null",
            name,
            self._clock.now(),
        )

    async def _tenant(self, name: str) -> tuple[UUID, UUID]:
        row = await self._connection.fetchrow(
            """
            insert into tenant (id, name, owner_id, created_at) values ($1, $2, $3, $4)
            on conflict (name) do update set name = excluded.name returning id, owner_id
            """,
            self._ids.new(),
            name,
            self._ids.new(),
            self._clock.now(),
        )
        if row is None:
            raise LookupError("an upsert returns its row")
        return row["id"], row["owner_id"]

    async def _workspace(self, tenant_id: UUID, name: str) -> UUID:
        workspace_id: UUID = await self._connection.fetchval(
            """
            insert into workspace (id, tenant_id, name, created_at) values ($1, $2, $3, $4)
            on conflict (tenant_id, name) do update set name = excluded.name returning id
            """,
            self._ids.new(),
            tenant_id,
            name,
            self._clock.now(),
        )
        return workspace_id


async def record_use(connection: Connection, used: Mapping[str, datetime]) -> None:
    """Note when keys were last used; an operator looks at it, nothing depends on it."""
    await connection.execute(
        """
        update api_key set last_used_at = t.at from unnest($1::text[], $2::timestamptz[]) as t(id, at)
        where api_key.id = t.id and (api_key.last_used_at is null or api_key.last_used_at < t.at)
        """,
        list(used),
        list(used.values()),
    )
