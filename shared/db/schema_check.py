"""Whether a service's database is there, lets it in, and has the schema that its code needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from shared.db.pool import OUTAGE, Pool
from shared.db.revisions import history_of, is_ahead, is_behind, needed_by
from shared.observability import metrics
from shared.observability.logging import get_logger

log = get_logger(__name__)

CHECK_SECONDS = 2.0
_FOUND = """
    select 'platform' as owner, version_num from platform.alembic_version
    union all select $1, version_num from alembic_version
"""
_NOT_MIGRATED = (
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InvalidParameterValueError,  # the service's role does not exist
    asyncpg.UndefinedObjectError,
)


def database_check(pool: Pool, service: str) -> Callable[[], Awaitable[str | None]]:
    """Return a check that says in one sentence what is wrong, and what to do about it; None when all is well.

    A schema that newer code has migrated is well: its `pre` half is made so that this code can live with it, and its
    `post` half runs when this code is gone. It is logged once and counted.
    """
    histories = {owner: history_of(owner) for owner in ("platform", service)}
    noticed: set[str] = set()

    async def check() -> str | None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                rows = await pool.fetch(_FOUND, service)
        except asyncpg.InvalidAuthorizationSpecificationError:  # a wrong password too
            return "The database refuses the login of MAILWRIGHT_DATABASE_URL."
        except asyncpg.InvalidCatalogNameError:
            return "The server has no database of the name in MAILWRIGHT_DATABASE_URL."
        except _NOT_MIGRATED:
            return "The database has no schema of Mailwright: run `mailwright migrate`."
        except asyncpg.InsufficientPrivilegeError:
            return (
                f"The login may not act as mailwright_{service}: run `mailwright migrate --grant-to <login>`."
            )
        except OUTAGE:
            return "The database does not answer."
        found = {row["owner"]: row["version_num"] for row in rows}
        for owner, history in histories.items():
            current = found.get(owner)
            if is_behind(history, current):
                return (
                    f"The schema {owner} is at {current}, this version needs {needed_by(history)}:"
                    " run `mailwright migrate --phase pre`."
                )
            if is_ahead(history, current) and owner not in noticed:
                noticed.add(owner)
                log.warning("schema_ahead", schema=owner, revision=current, newest_known=history[-1].id)
            metrics.SCHEMA_AHEAD.labels(owner).set(is_ahead(history, current))
        return None

    return check
