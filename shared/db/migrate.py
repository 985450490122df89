"""Bringing the database to the schema of this code: roles and schemas, then each owner's migrations; safe to repeat."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.roles import ROLES, ROLES_AND_SCHEMAS
from shared.errors import MailwrightError

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


class UnknownLogin(MailwrightError):
    """The login that is to act as the services' roles does not exist."""

    code = "unknown_login"


async def migrate(database_url: str, *, grant_to: str | None = None) -> None:
    """Create what is missing and run what is new; `database_url` must be a login that may create roles.

    With `grant_to`, that login may act as every service's role afterwards, and needs no right of its own.

    Raises:
        UnknownLogin: There is no login of that name; the schema is up to date nevertheless.
    """
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
            if grant_to is not None:
                await _let_act_as_services(connection, grant_to)
                await connection.commit()
    finally:
        await engine.dispose()


def migrate_now(database_url: str) -> None:
    """Run `migrate` to its end from code without an event loop."""
    asyncio.run(migrate(database_url))


async def _let_act_as_services(connection: AsyncConnection, login: str) -> None:
    found = await connection.execute(
        text("select 1 from pg_roles where rolname = :login and rolcanlogin"), {"login": login}
    )
    if found.first() is None:
        raise UnknownLogin(f"There is no login {login} in this database server.")
    quoted = connection.dialect.identifier_preparer.quote_identifier(login)
    for role in ROLES:
        await connection.execute(text(f"grant {role} to {quoted}"))


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
