"""Workspaces: the parts of a tenant, one of which is its default and stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.errors import ApiError
from shared.clock import Ids
from shared.db.pool import Connection

DEFAULT_NAME = "Default"

_SELECT = """
    select w.id, w.tenant_id, w.name, w.slug, w.is_default, w.created_at,
        (select count(*) from account a where a.tenant_id = w.tenant_id and a.workspace_id = w.id
            and a.dialect = $2 and a.created_at is not null and not a.is_deleted) as accounts,
        (select count(*) from domain d where d.tenant_id = w.tenant_id and d.workspace_id = w.id
            and d.dialect = $2 and d.created_at is not null and not d.is_deleted) as domains
    from workspace w where w.tenant_id = $1 and w.deleted_at is null
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A part of a tenant, and how many accounts and domains one dialect shows in it."""

    id: UUID
    tenant_id: UUID
    name: str
    slug: str
    is_default: bool
    created_at: datetime
    accounts: int = 0
    domains: int = 0


async def list_workspaces(connection: Connection, tenant_id: UUID, dialect: str) -> list[Workspace]:
    """Return a tenant's workspaces, the oldest first."""
    rows = await connection.fetch(f"{_SELECT} order by w.created_at, w.id", tenant_id, dialect)
    return [Workspace(**row) for row in rows]


async def get_workspace(
    connection: Connection, tenant_id: UUID, workspace_id: UUID, dialect: str
) -> Workspace | None:
    """Return a workspace, or None if the tenant has none of this id."""
    row = await connection.fetchrow(f"{_SELECT} and w.id = $3", tenant_id, dialect, workspace_id)
    return Workspace(**row) if row else None


async def has_workspace(connection: Connection, tenant_id: UUID, workspace_id: UUID) -> bool:
    """Return whether the tenant has a workspace of this id."""
    found: bool = await connection.fetchval(
        "select exists (select 1 from workspace where tenant_id = $1 and id = $2 and deleted_at is null)",
        tenant_id,
        workspace_id,
    )
    return found


async def default_workspace(connection: Connection, tenant_id: UUID) -> Workspace:
    """Return a tenant's default workspace; every tenant has one."""
    row = await connection.fetchrow(
        """
        select id, tenant_id, name, slug, is_default, created_at from workspace
        where tenant_id = $1 and is_default
        """,
        tenant_id,
    )
    if row is None:
        raise LookupError(f"tenant {tenant_id} has no default workspace")
    return Workspace(**row)


async def create_workspace(
    connection: Connection, tenant_id: UUID, name: str, ids: Ids, now: datetime, *, slug: str | None = None
) -> Workspace:
    """Make a workspace, in the caller's transaction; without a slug the name becomes one.

    Raises:
        ApiError: The tenant has a workspace of this name or this slug (409).
    """
    made = await add_workspace(connection, tenant_id, name, ids, now, slug=slug)
    if made is None:
        taken = await connection.fetchval(
            "select exists (select 1 from workspace where tenant_id = $1 and name = $2 and deleted_at is null)",
            tenant_id,
            name,
        )
        raise (
            ApiError(409, "workspace_exists", "There is a workspace of this name.")
            if taken
            else ApiError(409, "slug_taken", "The slug is taken.")
        )
    return made


async def ensure_workspace(
    connection: Connection, tenant_id: UUID, name: str, ids: Ids, now: datetime
) -> UUID:
    """Return the id of the tenant's workspace of this name, made if it is new."""
    await add_workspace(connection, tenant_id, name, ids, now)
    found: UUID = await connection.fetchval(
        "select id from workspace where tenant_id = $1 and name = $2 and deleted_at is null", tenant_id, name
    )
    return found


async def add_workspace(
    connection: Connection,
    tenant_id: UUID,
    name: str,
    ids: Ids,
    now: datetime,
    *,
    slug: str | None = None,
    is_default: bool = False,
) -> Workspace | None:
    """Make a workspace; None if its name or the slug asked for is taken. A slug made of the name gives way."""
    workspace_id = ids.new()
    row = await connection.fetchrow(
        """
        with free as (
            select coalesce($5, case when exists (
                select 1 from workspace where tenant_id = $2 and slug = $4 and deleted_at is null
            ) then $4 || '-' || right(($1::uuid)::text, 12) else $4 end) as slug
        )
        insert into workspace (id, tenant_id, name, slug, is_default, created_at)
        select $1::uuid, $2, $3, slug, $6, $7 from free
        on conflict do nothing returning id, tenant_id, name, slug, is_default, created_at
        """,
        workspace_id,
        tenant_id,
        name,
        slug_of(name) or str(workspace_id),
        slug,
        is_default,
        now,
    )
    return Workspace(**row) if row else None


def slug_of(name: str) -> str:
    """Return a name as it may stand in an address: lowercase words, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
