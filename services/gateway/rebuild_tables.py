"""The shadow tables of a rebuild: made in a schema of their own exactly like the live ones, compared, and moved in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from shared.db.pool import Connection

LIVE = "gateway"
SHADOW = "gateway_rebuild"
TABLES = ("account", "domain", "thread", "message", "suppression")
FILLED = {**dict.fromkeys(TABLES, "version > 0"), "account": "account_version > 0 or warmup_version > 0"}
"""Rows made only to be locked hold nothing yet, and are not part of what the events say."""


async def make(connection: Connection) -> None:
    """Make empty shadow tables with the indexes, the rights and the row-level security of the live ones."""
    await drop(connection)
    await connection.execute(f"create schema {SHADOW}")
    for table in TABLES:
        await connection.execute(f"create table {SHADOW}.{table} (like {LIVE}.{table} including all)")
        for statement in await _rights(connection, table):
            await connection.execute(statement)


async def drop(connection: Connection) -> None:
    """Remove the shadow tables, also those of a rebuild that was interrupted."""
    await connection.execute(f"drop schema if exists {SHADOW} cascade")


async def swap(connection: Connection) -> None:
    """Put the shadow tables in the place of the live ones, which the caller's transaction has locked."""
    for table in TABLES:
        await connection.execute(f"drop table {LIVE}.{table}")
        await connection.execute(f"alter table {SHADOW}.{table} set schema {LIVE}")


async def digest(connection: Connection, schema: str) -> tuple[str, dict[str, int]]:
    """Return a SHA-256 over the canonical rows of the projections in `schema`, and the number of rows of each."""
    whole, counts = hashlib.sha256(), {}
    for table in TABLES:
        counts[table] = 0
        rows = connection.cursor(
            f"""
            select encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex') as row
            from {schema}.{table} t where {FILLED[table]} order by id
            """,  # noqa: S608  our own names
            prefetch=5_000,
        )
        async for row in rows:
            whole.update(row["row"].encode() + b"\n")
            counts[table] += 1
    return whole.hexdigest(), counts


async def differing(connection: Connection, limit: int) -> Sequence[UUID]:
    """Return the ids of rows that are not the same in both schemas, at most `limit`."""
    found: list[UUID] = []
    for table in TABLES:
        rows = await connection.fetch(
            f"""
            with live as (select * from {LIVE}.{table} where {FILLED[table]})
            select coalesce(live.id, shadow.id) as id
            from live full join {SHADOW}.{table} shadow on shadow.id = live.id
            where to_jsonb(live) is distinct from to_jsonb(shadow) order by 1 limit $1
            """,  # noqa: S608  our own names
            limit - len(found),
        )
        found += [row["id"] for row in rows]
    return found


async def _rights(connection: Connection, table: str) -> list[str]:
    """Return the statements that give the shadow of a table what a copy does not take along."""
    place = f"{SHADOW}.{table}"
    of = (LIVE, table)
    security = await connection.fetchrow(
        """
        select relrowsecurity, relforcerowsecurity from pg_class
        where relnamespace = $1::text::regnamespace and relname = $2
        """,
        *of,
    )
    policies = await connection.fetch(
        """
        select quote_ident(policyname) as name, permissive, cmd, qual, with_check,
            (select string_agg(quote_ident(role), ', ') from unnest(roles) as role) as roles
        from pg_policies where schemaname = $1 and tablename = $2
        """,
        *of,
    )
    grants = await connection.fetch(
        """
        select quote_ident(pg_get_userbyid(acl.grantee)) as grantee, acl.privilege_type as privilege
        from pg_class c, aclexplode(c.relacl) acl
        where c.relnamespace = $1::text::regnamespace and c.relname = $2 and acl.grantee not in (0, c.relowner)
        """,
        *of,
    )
    statements = [f"grant {row['privilege']} on {place} to {row['grantee']}" for row in grants]
    for row in policies:
        using = f" using ({row['qual']})" if row["qual"] else ""
        check = f" with check ({row['with_check']})" if row["with_check"] else ""
        statements.append(
            f"create policy {row['name']} on {place} as {row['permissive']} for {row['cmd']} to {row['roles']}"
            + using
            + check
        )
    if security is not None and security["relrowsecurity"]:
        statements.append(f"alter table {place} enable row level security")
    if security is not None and security["relforcerowsecurity"]:
        statements.append(f"alter table {place} force row level security")
    return statements
