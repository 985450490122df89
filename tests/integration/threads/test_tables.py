"""The declared tables are the migrated ones, column by column."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from services.threads import tables
from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from shared.db.pool import Pool

DECLARED: tuple[type[SQLModel], ...] = (
    tables.ThreadRow,
    tables.MessageRow,
    tables.SenderRow,
    tables.SentDayRow,
    tables.SuppressionRow,
    tables.ArrivalRow,
    tables.PollRow,
    tables.WebhookRow,
)
NAMES = {"BIGINT": "bigint", "INTEGER": "integer", "BOOLEAN": "boolean"}


async def test_every_declared_column_is_the_migrated_one(pool: Pool) -> None:
    for declared in DECLARED:
        table = SQLModel.metadata.tables[f"threads.{declared.__tablename__}"]
        rows = await pool.fetch(
            """
            select column_name, data_type, is_nullable = 'YES' as nullable from information_schema.columns
            where table_schema = 'threads' and table_name = $1
            """,
            declared.__tablename__,
        )
        migrated = {row["column_name"]: (row["data_type"], row["nullable"]) for row in rows}
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        assert {
            column.name: (_name_of(column.type.compile(dialect)), bool(column.nullable))
            for column in table.columns
        } == migrated


def test_threads_and_messages_in_memory_are_their_rows_without_the_end_of_the_lease() -> None:
    threads = set(SQLModel.metadata.tables["threads.thread"].columns.keys())
    messages = set(SQLModel.metadata.tables["threads.message"].columns.keys())
    assert {field.name for field in fields(Thread)} == threads
    assert {field.name for field in fields(Message)} == messages - {"leased_until"}


def _name_of(compiled: str) -> str:
    return NAMES.get(compiled, compiled.lower())
