"""Where words still are: every table, every file that the stack keeps, every record on its topics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer

from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS
from tests.support.stack import RunningStack

TOPICS = (ACCOUNTS, DOMAINS, THREADS)
NOT_OURS = ("postgres", "simulator")
"""Folders of the data directory: the database's own, which is read by its tables, and what the providers keep."""


async def traces(stack: RunningStack, words: Sequence[str]) -> set[str]:
    """Return the places where any of these words is, as `table gateway.request`, `file logs/threads.log`, `topic …`."""
    tables, records = await asyncio.gather(
        _tables(stack.database_url, words), _topics(stack.kafka_bootstrap, words)
    )
    return {*tables, *records, *await asyncio.to_thread(lambda: set(_files(stack.data_dir, words)))}


async def _tables(url: str, words: Sequence[str]) -> set[str]:
    """Every column counts, as text; bytes are shown as hexadecimal digits."""
    patterns = [f"%{form}%" for word in words for form in (word, word.encode().hex())]
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            """
            select format('%I.%I', schemaname, tablename) as name from pg_tables
            where schemaname not in ('pg_catalog', 'information_schema')
            """
        )
        assert len(tables) > 20
        return {
            f"table {row['name']}"
            for row in tables
            if await connection.fetchval(
                f"select exists (select from {row['name']} t where t::text like any($1::text[]))", patterns
            )
        }
    finally:
        await connection.close()


async def _topics(bootstrap: str, words: Sequence[str]) -> set[str]:
    """Every byte of every record counts: key, headers and value."""
    found: set[str] = set()
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        group_id=None,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        left = {partition for partition, end in ends.items() if end > 0}
        while left:
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    parts = (record.key, record.value, *(value for _, value in record.headers))
                    if _has(b"\n".join(part or b"" for part in parts), words):
                        found.add(f"topic {partition.topic}")
            left = {each for each in left if await consumer.position(each) < ends[each]}
    finally:
        await consumer.stop()
    return found


def _files(root: Path, words: Sequence[str]) -> Iterable[str]:
    for path in root.rglob("*"):
        place = path.relative_to(root)
        if place.parts[0] in NOT_OURS or not path.is_file():
            continue
        with suppress(FileNotFoundError):  # it is being erased
            if _has(place.as_posix().encode(), words) or _has(path.read_bytes(), words):
                yield f"file {place.as_posix()}"


def _has(content: bytes, words: Sequence[str]) -> bool:
    return any(word.encode() in content for word in words)
