"""Fixtures every tier may use: the engines of the run, and a fresh migrated database per test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.db.migrate import migrate_now
from tests.support.engines import drop_database, embedded_broker, embedded_postgres, new_database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole run."""
    with embedded_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """A broker for the whole run; tests keep apart by their topics' keys or by their own databases."""
    with embedded_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
async def migrated_template(postgres_url: str) -> str:
    """The name of a database with the schema of this code, to be copied."""
    url = await new_database(postgres_url)
    # Alembic wants a thread without a running loop.
    await asyncio.to_thread(migrate_now, url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """A fresh database with the schema of this code."""
    url = await new_database(postgres_url, migrated_template)
    yield url
    await drop_database(url)
