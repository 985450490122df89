"""The declared tables are those that the migrations make."""

from __future__ import annotations

from dataclasses import fields

from sqlmodel import SQLModel

from services.warmup import tables
from services.warmup.domain.warmup import Warmup
from tests.support.catalogue import differences


async def test_declared_tables_are_migrated_ones(database_url: str) -> None:
    declared = [table for table in SQLModel.metadata.sorted_tables if table.schema == tables.SCHEMA["schema"]]
    assert await differences(database_url, "warmup", declared) == []


def test_a_warmup_in_memory_is_its_row_without_the_end_of_the_lease() -> None:
    columns = set(SQLModel.metadata.tables["warmup.warmup"].columns.keys())
    assert {field.name for field in fields(Warmup)} == columns - {"leased_until"}
