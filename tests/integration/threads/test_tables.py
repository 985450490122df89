"""The declared tables are those that the migrations make."""

from __future__ import annotations

from dataclasses import fields

from sqlmodel import SQLModel

from services.threads import tables
from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from tests.support.catalogue import differences


async def test_declared_tables_are_migrated_ones(database_url: str) -> None:
    declared = [table for table in SQLModel.metadata.sorted_tables if table.schema == tables.SCHEMA["schema"]]
    assert await differences(database_url, "threads", declared) == []


def test_threads_and_messages_in_memory_are_their_rows_without_the_end_of_the_lease() -> None:
    threads = set(SQLModel.metadata.tables["threads.thread"].columns.keys())
    messages = set(SQLModel.metadata.tables["threads.message"].columns.keys())
    assert {field.name for field in fields(Thread)} == threads
    assert {field.name for field in fields(Message)} == messages - {"leased_until"}
