"""The one place that opens connections to Postgres."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of a statement
    asyncpg.CannotConnectNowError,
    asyncpg.InvalidAuthorizationSpecificationError,  # a password that was changed while we ran
    asyncpg.InvalidCatalogNameError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)
"""What a statement raises when the database is away or asks to be tried again; nothing is wrong with the work.

A value that a statement cannot take is not among them: asyncpg raises its `DataError` for that, a `PostgresError`.
"""

TIME_LIMITS = (TimeoutError, asyncpg.QueryCanceledError)
"""Those of them that the work itself may cause, where a statement of it always takes too long.

Waiting for somebody else's lock is nothing of the work's: that ends sooner, and with `LockNotAvailableError`.
"""
LOCK_SHARE = 0.5
"""How much of a statement's time it may wait for one lock."""


async def create_pool(
    database_url: str,
    *,
    schema: str,
    role: str,
    application: str,
    max_size: int = 10,
    command_timeout: float = 10.0,
) -> Pool:
    """Open a pool whose connections act as `role` and see `schema` first; times are in seconds.

    A statement may take `command_timeout`, and wait half of that for a lock: one that is held for longer, as by a
    migration, is an outage and not the statement's fault (R18). No connection is opened before it is needed, so that a service starts while the database is away.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=max_size,
        command_timeout=command_timeout,
        timeout=5.0,
        max_inactive_connection_lifetime=300.0,
        server_settings=_server_settings(schema, role, application, command_timeout),
        init=_set_codecs,
        reset=_leave_as_it_is,
    )


async def _leave_as_it_is(_: Any) -> None:
    """Spare the round trip that resets a released connection: nothing here changes a session for good.

    Open transactions are rolled back before this, and settings are made with `set_config(…, true)` only.
    """


async def connect(
    database_url: str, *, schema: str, role: str, application: str, command_timeout: float = 10.0
) -> asyncpg.Connection[asyncpg.Record]:
    """Open one connection outside any pool, for work that must hold on to it (a relay's leadership).

    Times are as for a pool: the rebuild of the projections, which has an hour, waits half an hour for writers.
    """
    connection = await asyncpg.connect(
        database_url,
        timeout=5.0,
        command_timeout=command_timeout,
        server_settings=_server_settings(schema, role, application, command_timeout),
    )
    await _set_codecs(connection)
    return connection


def _server_settings(schema: str, role: str, application: str, command_timeout: float) -> dict[str, str]:
    return {
        "search_path": schema,
        "role": role,
        "application_name": application,
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": "30s",
        "lock_timeout": f"{round(command_timeout * LOCK_SHARE * 1_000)}ms",
        "jit": "off",
    }


async def _set_codecs(connection: Any) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
