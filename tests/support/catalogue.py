"""Comparing the tables that code declares with those that migrations made."""

from __future__ import annotations

import re
from collections.abc import Iterable

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from shared.messaging.tables import HALT_AND_GAP_CHANGES, MESSAGING_TABLES

MESSAGING = frozenset(re.findall(r"create table (\w+)", MESSAGING_TABLES + HALT_AND_GAP_CHANGES)) | {
    "alembic_version"
}
"""Tables every service has and no service declares: the log's, the consumer's, and the migrations' own."""

COLUMNS = """
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
        not a.attnotnull as nullable, coalesce(a.attnum = any(i.indkey), false) as is_key
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p')
"""
SAME = {
    "character varying": "text",
    "varchar": "text",
    "double precision": "float",
    "timestamptz": "timestamp with time zone",
}

Shape = dict[str, dict[str, str]]


async def differences(database_url: str, schema: str, tables: Iterable[Table]) -> list[str]:
    """Return one sentence per difference between the declared tables and the schema's, without the messaging tables."""
    made, said = await migrated(database_url, schema), declared(tables)
    found = [f"{name} is declared and not migrated" for name in said.keys() - made.keys()]
    found += [f"{name} is migrated and not declared" for name in made.keys() - said.keys() - MESSAGING]
    for table in said.keys() & made.keys():
        for column in said[table].keys() | made[table].keys():
            one, other = said[table].get(column), made[table].get(column)
            if one != other:
                found.append(f"{table}.{column} is declared as {one}, migrated as {other}")
    return sorted(found)


async def migrated(database_url: str, schema: str) -> Shape:
    """Return type, nullability and key of every column that migrations made, by table."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(COLUMNS, schema)
    finally:
        await connection.close()
    shape: Shape = {}
    for row in rows:
        described = _describe(row["type"], nullable=row["nullable"], is_key=row["is_key"])
        shape.setdefault(row["table"], {})[row["column"]] = described
    return shape


def declared(tables: Iterable[Table]) -> Shape:
    """Return the same of declared tables."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return {
        table.name: {
            column.name: _describe(
                column.type.compile(dialect).lower(),
                nullable=bool(column.nullable),
                is_key=column.primary_key,
            )
            for column in table.columns
        }
        for table in tables
    }


def _describe(kind: str, *, nullable: bool, is_key: bool) -> str:
    words = [SAME.get(kind, kind)]
    if nullable:
        words.append("null")
    if is_key:
        words.append("key")
    return " ".join(words)
