"""Bringing the database to the schema of this code: roles and schemas, then each owner's migrations; safe to repeat."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.roles import ROLES_AND_SCHEMAS

ROOT = Path(__file__).parents[2]
OWNERS: dict[str, Path] = {
    "platform": ROOT / "shared/db/migrations",
    "provisioner": ROOT / "services/provisioner/migrations",
    "warmup": ROOT / "services/warmup/migrations",
    "gateway": ROOT / "services/gateway/migrations",
}
"""Each owner's schema of the same name, and where its migrations are."""
MIGRATION_LOCK = 0x6D77_6D67  # one migration at a time, however many processes start at once


def head_of(owner: str) -> str:
    """Return the revision the database must be at for this code."""
    head = ScriptDirectory.from_config(_config(owner)).get_current_head()
    if head is None:
        raise LookupError(f"{owner} has no migrations")
    return head


async def migrate(database_url: str) -> None:
    """Create what is missing and run what is new; `database_url` must be a login that may create roles."""
    engine = create_async_engine(_with_driver(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"select pg_advisory_lock({MIGRATION_LOCK})"))
            for statement in ROLES_AND_SCHEMAS:
                await connection.execute(text(statement))
            await connection.commit()
            for owner in OWNERS:
                await connection.run_sync(_upgrade, owner)
                await connection.commit()
    finally:
        await engine.dispose()


def migrate_now(database_url: str) -> None:
    """Run `migrate` to its end from code without an event loop."""
    asyncio.run(migrate(database_url))


def _upgrade(connection: Connection, owner: str) -> None:
    config = _config(owner)
    config.attributes.update(connection=connection, schema=owner)
    connection.execute(text(f"set search_path to {owner}"))
    command.upgrade(config, "head")


def _config(owner: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "shared/db/alembic"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(OWNERS[owner]))
    return config


def _with_driver(database_url: str) -> str:
    return "postgresql+asyncpg://" + database_url.split("://", 1)[1]
