"""What every projection row is written with: rows that are locked before they are folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any
from uuid import UUID

from services.gateway.projection_rows import Owner
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection


def owners(facts: Iterable[Recorded], kind: type | UnionType) -> dict[UUID, Owner]:
    """Return the subjects of the facts of this kind, with whom they belong to."""
    return {
        each.subject: (each.tenant_id, each.workspace_id) for each in facts if isinstance(each.data, kind)
    }


async def locked(connection: Connection, table: str, fields: str, rows_of: Mapping[UUID, Owner]) -> list[Any]:
    """Read and lock the rows of these ids, in their order; those that do not exist yet are made, empty."""
    if not rows_of:
        return []
    wanted = sorted(rows_of)
    select = f"select id, tenant_id, workspace_id, {fields} from {table} where id = any($1::uuid[]) order by id for update"  # noqa: S608  our own names
    rows: list[Any] = await connection.fetch(select, wanted)
    if len(rows) < len(wanted):
        await connection.execute(
            f"""
            insert into {table} (id, tenant_id, workspace_id)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) on conflict (id) do nothing
            """,  # noqa: S608  our own names
            wanted,
            [rows_of[each][0] for each in wanted],
            [rows_of[each][1] for each in wanted],
        )
        rows = await connection.fetch(select, wanted)
    return rows
