"""Bringing the database to the schema of this code: roles and schemas, then each owner's migrations; safe to repeat."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.revisions import OWNERS, ROOT, Phase, history_of, target_of
from shared.db.roles import ROLES, ROLES_AND_SCHEMAS
from shared.errors import MailwrightError

MIGRATION_LOCK = 0x6D77_6D67  # one migration at a time, however many processes start at once
_PLATFORM_IS_READABLE = (
    f"grant usage on schema platform to {', '.join(ROLES)}",
    f"grant select on platform.alembic_version to {', '.join(ROLES)}",
)
"""Every service checks the shared schemas' revision before it starts its work."""


class UnknownLogin(MailwrightError):
    """The login that is to act as the services' roles does not exist."""

    code = "unknown_login"


async def migrate(
    database_url: str, *, phase: Phase = Phase.ALL, grant_to: str | None = None
) -> tuple[str, ...]:
    """Create what is missing and run the new revisions of a phase; returns the ids of those it ended at.

    `database_url` must be a login that may create roles. With `grant_to`, that login may act as every service's role
    afterwards, and needs no right of its own. A schema that newer code has migrated is left as it is.

    Raises:
        OutOfPhase: Another phase comes first; owners before the one that is named may have been migrated.
        UnknownLogin: There is no login of that name; the schema is up to date nevertheless.
    """
    reached = []
    engine = create_async_engine(_with_driver(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"select pg_advisory_lock({MIGRATION_LOCK})"))
            for statement in ROLES_AND_SCHEMAS:
                await connection.execute(text(statement))
            await connection.commit()
            for owner in OWNERS:
                if target := await _target_of(connection, owner, phase):
                    await connection.run_sync(_upgrade, owner, target)
                    reached.append(target)
                await connection.commit()
            for statement in _PLATFORM_IS_READABLE:
                await connection.execute(text(statement))
            await connection.commit()
            if grant_to is not None:
                await _let_act_as_services(connection, grant_to)
                await connection.commit()
    finally:
        await engine.dispose()
    return tuple(reached)


async def _let_act_as_services(connection: AsyncConnection, login: str) -> None:
    found = await connection.execute(
        text("select 1 from pg_roles where rolname = :login and rolcanlogin"), {"login": login}
    )
    if found.first() is None:
        raise UnknownLogin(f"There is no login {login} in this database server.")
    quoted = connection.dialect.identifier_preparer.quote_identifier(login)
    for role in ROLES:
        await connection.execute(text(f"grant {role} to {quoted}"))


async def _target_of(connection: AsyncConnection, owner: str, phase: Phase) -> str | None:
    found = await connection.execute(
        text("select to_regclass(:name) is not null"), {"name": f"{owner}.alembic_version"}
    )
    current = None
    if found.scalar():
        version = await connection.execute(text(f"select version_num from {owner}.alembic_version"))  # noqa: S608
        current = version.scalar()
    return target_of(history_of(owner), current, phase)


def _upgrade(connection: Connection, owner: str, target: str) -> None:
    config = config_of(owner)
    config.attributes.update(connection=connection, schema=owner)
    connection.execute(text(f"set search_path to {owner}"))
    command.upgrade(config, target)


def _with_driver(database_url: str) -> str:
    return "postgresql+asyncpg://" + database_url.split("://", 1)[1]


def config_of(owner: str) -> Config:
    """Return how Alembic finds an owner's revisions."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "shared/db/alembic"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(OWNERS[owner]))
    return config
