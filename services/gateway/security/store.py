"""Keys in the database as operators make, list and revoke them, and as every call looks them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.gateway.security.keys import WORKSPACE_BOUND, KeyKind, KeyText, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy.keys import NewKey, add_keys
from services.gateway.tenancy.tenants import ensure_tenant
from services.gateway.tenancy.workspaces import ensure_workspace
from shared.clock import Clock, Ids
from shared.db.pool import Connection

_KEY_IN_FORCE = """
    select k.id, k.dialect, k.tenant_id, k.workspace_id, k.account_id, k.user_id, k.secret_hash, k.scopes,
        w.id as default_workspace_id
    from api_key k left join workspace w on w.tenant_id = k.tenant_id and w.is_default
    where k.id = $1 and k.prefix = $2 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $3)
        and not exists (select 1 from workspace d where d.id = k.workspace_id and d.deleted_at is not null)
"""
LOOK_UP = _KEY_IN_FORCE

# Only the holder of the secret is counted: a key's id is no secret, and must not be enough to use up its limit.
LOOK_UP_AND_COUNT = f"""
    with key as ({_KEY_IN_FORCE}), counted as (
        insert into rate_window as r (key_id, started_at, calls)
        select id, $3, 1 from key where secret_hash = $4
        on conflict (key_id) do update set
            calls = case when r.started_at > $5 then r.calls + 1 else 1 end,
            started_at = case when r.started_at > $5 then r.started_at else $3 end
        returning started_at, calls
    )
    select key.*, counted.started_at as window_started_at, counted.calls from key left join counted on true
"""  # noqa: S608  only our own words are interpolated


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as an operator sees it; never its secret."""

    id: str
    prefix: str
    dialect: str
    name: str
    tenant: str | None
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
        kind: KeyKind,
        tenant: str,
        workspace: str,
        name: str,
        scopes: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> KeyText:
        """Make a key, and its tenant and workspace if they are new; the secret exists only in what this returns.

        A super admin's key belongs to no tenant. Without `scopes` the key may do all that its kind can.
        """
        now, key = self._clock.now(), make_key(kind)
        async with self._connection.transaction():
            owner = None
            if kind is not KeyKind.OPERATOR:
                owner = await ensure_tenant(self._connection, tenant, self._ids, now)
            workspace_id = None
            if owner is not None and kind in WORKSPACE_BOUND:
                workspace_id = await ensure_workspace(self._connection, owner.id, workspace, self._ids, now)
            new = NewKey(
                key,
                tenant_id=owner.id if owner else None,
                workspace_id=workspace_id,
                user_id=owner.owner_id if owner else self._ids.new(),
                name=name,
                scopes=usual(kind) if scopes is None else scopes,
                created_at=now,
                expires_at=expires_at,
            )
            await add_keys(self._connection, [new])
        return key

    async def list(self) -> Sequence[StoredKey]:
        """Return all keys, newest first."""
        rows = await self._connection.fetch(
            """
            select k.id, k.prefix, k.dialect, k.name, t.name as tenant, w.name as workspace, k.scopes, k.created_at,
                k.expires_at, k.revoked_at, k.last_used_at
            from api_key k left join tenant t on t.id = k.tenant_id left join workspace w on w.id = k.workspace_id
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
