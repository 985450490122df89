"""What every projection row is written with: rows that are locked before they are folded, and columns made of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.db.pool import Connection

Owner = tuple[UUID, UUID | None]
"""A tenant and a workspace."""


async def locked(connection: Connection, table: str, fields: str, owners: Mapping[UUID, Owner]) -> list[Any]:
    """Read and lock the rows of these ids, in their order; those that do not exist yet are made, empty."""
    if not owners:
        return []
    wanted = sorted(owners)
    select = f"select id, tenant_id, workspace_id, {fields} from {table} where id = any($1::uuid[]) order by id for update"  # noqa: S608  our own names
    rows: list[Any] = await connection.fetch(select, wanted)
    if len(rows) < len(wanted):
        await connection.execute(
            f"""
            insert into {table} (id, tenant_id, workspace_id)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) on conflict (id) do nothing
            """,  # noqa: S608  our own names
            wanted,
            [owners[each][0] for each in wanted],
            [owners[each][1] for each in wanted],
        )
        rows = await connection.fetch(select, wanted)
    return rows


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Return rows as one list per column."""
    return [[row[place] for row in rows] for place in range(width)]
