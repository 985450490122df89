"""Tenants: made by operators and super admins, each with its default workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.errors import ApiError
from services.gateway.tenancy.workspaces import DEFAULT_NAME, Workspace, add_workspace, default_workspace
from shared.clock import Ids
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer; `owner_id` is the user its accounts and domains belong to."""

    id: UUID
    name: str
    owner_id: UUID
    created_at: datetime


async def create_tenant(
    connection: Connection, name: str, ids: Ids, now: datetime
) -> tuple[Tenant, Workspace]:
    """Make a tenant with its default workspace, in the caller's transaction.

    Raises:
        ApiError: There is a tenant of this name (409).
    """
    tenant = await _add(connection, name, ids, now)
    if tenant is None:
        raise ApiError(409, "tenant_exists", "There is a tenant of this name.")
    return tenant, await default_workspace(connection, tenant.id)


async def ensure_tenant(connection: Connection, name: str, ids: Ids, now: datetime) -> Tenant:
    """Return the tenant of this name, made with its default workspace if it is new."""
    return await _add(connection, name, ids, now) or _tenant(
        await connection.fetchrow("select id, name, owner_id, created_at from tenant where name = $1", name)
    )


async def get_tenant(connection: Connection, tenant_id: UUID) -> Tenant | None:
    """Return a tenant."""
    row = await connection.fetchrow(
        "select id, name, owner_id, created_at from tenant where id = $1", tenant_id
    )
    return _tenant(row) if row else None


async def _add(connection: Connection, name: str, ids: Ids, now: datetime) -> Tenant | None:
    row = await connection.fetchrow(
        """
        insert into tenant (id, name, owner_id, created_at) values ($1, $2, $3, $4)
        on conflict (name) do nothing returning id, name, owner_id, created_at
        """,
        ids.new(),
        name,
        ids.new(),
        now,
    )
    if row is None:
        return None
    await add_workspace(connection, row["id"], DEFAULT_NAME, ids, now, is_default=True)
    return _tenant(row)


def _tenant(row: Any) -> Tenant:
    return Tenant(row["id"], row["name"], row["owner_id"], row["created_at"])
