"""Removing a workspace: its keys end with it, and what was in it is told, so that its owners can be asked to delete it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.errors import ApiError, not_found
from services.gateway.requests.model import RequestKind
from shared.contracts.requests import Dialect
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Contents:
    """What was in a workspace, made or about to be made."""

    accounts: Sequence[UUID]
    domains: Sequence[UUID]


async def remove_workspace(
    connection: Connection, tenant_id: UUID, workspace_id: UUID, dialect: Dialect, now: datetime
) -> Contents:
    """Remove a workspace in the caller's transaction and return what is left to delete.

    Raises:
        ApiError: The tenant has none of this id (404), it is the default one, or another dialect uses it (409).
    """
    is_default = await connection.fetchval(
        "select is_default from workspace where tenant_id = $1 and id = $2 and deleted_at is null for update",
        tenant_id,
        workspace_id,
    )
    if is_default is None:
        raise not_found("workspace")
    if is_default:
        raise ApiError(409, "default_workspace", "The default workspace cannot be deleted.")
    if await _is_used_elsewhere(connection, tenant_id, workspace_id, dialect):
        raise ApiError(
            409, "workspace_in_use", "The workspace is also used through another API of this installation."
        )
    await connection.execute("update workspace set deleted_at = $2 where id = $1", workspace_id, now)
    await connection.execute(
        "update api_key set revoked_at = $2 where workspace_id = $1 and account_id is null and revoked_at is null",
        workspace_id,
        now,
    )
    return Contents(
        await _contents(connection, "account", RequestKind.ACCOUNT_CREATE, tenant_id, workspace_id),
        await _contents(connection, "domain", RequestKind.DOMAIN_CREATE, tenant_id, workspace_id),
    )


async def _is_used_elsewhere(
    connection: Connection, tenant_id: UUID, workspace_id: UUID, dialect: Dialect
) -> bool:
    """Whether another dialect has something here, which this dialect's clients cannot see."""
    found: bool = await connection.fetchval(
        """
        select exists (select 1 from account where tenant_id = $1 and workspace_id = $2 and dialect <> $3
                and created_at is not null and not is_deleted)
            or exists (select 1 from domain where tenant_id = $1 and workspace_id = $2 and dialect <> $3
                and created_at is not null and not is_deleted)
            or exists (select 1 from api_key where tenant_id = $1 and workspace_id = $2 and dialect <> $3
                and revoked_at is null)
        """,
        tenant_id,
        workspace_id,
        dialect,
    )
    return found


async def _contents(
    connection: Connection, table: str, kind: RequestKind, tenant_id: UUID, workspace_id: UUID
) -> list[UUID]:
    rows = await connection.fetch(
        f"""
        select id from {table} where tenant_id = $1 and workspace_id = $2 and created_at is not null and not is_deleted
        union select subject_id from request
            where tenant_id = $1 and workspace_id = $2 and kind = $3 and state = 'open'
        """,  # noqa: S608  only our own table names are interpolated
        tenant_id,
        workspace_id,
        kind,
    )
    return [row["id"] for row in rows]
