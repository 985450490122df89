"""The declared tables are the migrated ones, column by column."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from services.warmup import tables
from services.warmup.domain.warmup import Warmup
from shared.db.pool import Pool

DECLARED: tuple[type[SQLModel], ...] = (
    tables.WarmupRow,
    tables.WaitingRetryRow,
    tables.CommandRow,
    tables.WaitingCommandRow,
    tables.WarmupDayRow,
)
NAMES = {"BIGINT": "bigint", "INTEGER": "integer", "FLOAT": "double precision", "BOOLEAN": "boolean"}


async def test_every_declared_column_is_the_migrated_one(pool: Pool) -> None:
    for declared in DECLARED:
        table = SQLModel.metadata.tables[f"warmup.{declared.__tablename__}"]
        rows = await pool.fetch(
            """
            select column_name, data_type, is_nullable = 'YES' as nullable from information_schema.columns
            where table_schema = 'warmup' and table_name = $1
            """,
            declared.__tablename__,
        )
        migrated = {row["column_name"]: (row["data_type"], row["nullable"]) for row in rows}
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        assert {
            column.name: (_name_of(column.type.compile(dialect)), bool(column.nullable))
            for column in table.columns
        } == migrated


def test_a_warmup_in_memory_is_its_row_without_the_end_of_the_lease() -> None:
    columns = set(SQLModel.metadata.tables["warmup.warmup"].columns.keys())
    assert {field.name for field in fields(Warmup)} == columns - {"leased_until"}


def _name_of(compiled: str) -> str:
    return NAMES.get(compiled, compiled.lower())
