"""Who is calling: the key of the call, looked up and counted at every call, so that revoking it works at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.errors import forbidden, unauthorized
from services.gateway.reads import ACQUIRE_SECONDS
from services.gateway.security.keys import KINDS, KeyKind, is_secret_of, make_key, parse_key
from services.gateway.security.rates import WINDOW, Limits, Rate
from services.gateway.security.scopes import meant_by
from services.gateway.security.store import LOOK_UP, LOOK_UP_AND_COUNT, record_use
from shared.clock import Clock
from shared.contracts.requests import Caller, Dialect
from shared.db.pool import OUTAGE, Pool
from shared.observability.logging import get_logger

log = get_logger(__name__)

USE_SECONDS = 30.0
NOBODY = UUID(int=0)
"""The tenant of super admins, who belong to none; it owns nothing but the platform's domains, which are everybody's."""

_NO_HASH = make_key(KeyKind.PUFFLE).hash()


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller and what its key allows.

    `account_id` is the one account that a key of an inbox or a mailbox is for. `default_workspace_id` is that of the
    tenant, None for a super admin, who belongs to no tenant. `rate` is None where calls are not counted.
    """

    caller: Caller
    kind: KeyKind
    scopes: frozenset[str]
    account_id: UUID | None = None
    default_workspace_id: UUID | None = None
    rate: Rate | None = None

    def require(self, scope: str) -> None:
        """Check a scope.

        Raises:
            ApiError: The key lacks it (403).
        """
        if scope not in self.scopes:
            raise forbidden(scope)


class Authenticator:
    """Turns a presented key into an identity."""

    def __init__(self, pool: Pool, clock: Clock, limits: Limits) -> None:
        self._pool = pool
        self._clock = clock
        self._limits = limits
        self._used: dict[str, datetime] = {}

    async def identify(self, presented: str, dialect: Dialect) -> Identity:
        """Return who presents this key; a call too many is counted and left to `Rate.require`.

        Raises:
            ApiError: It is no key of this dialect that is in force (401), the same answer whatever is wrong with it.
            OUTAGE: The database is away.
        """
        key = parse_key(presented)
        if key is None or key.prefix not in KINDS[dialect]:
            raise unauthorized()
        now, limit = self._clock.now(), self._limits.of(dialect)
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            if limit:
                row = await connection.fetchrow(
                    LOOK_UP_AND_COUNT, key.id, key.prefix, now, key.hash(), now - WINDOW
                )
            else:
                row = await connection.fetchrow(LOOK_UP, key.id, key.prefix, now)
        is_valid = is_secret_of(key, row["secret_hash"] if row else _NO_HASH)
        if row is None or not is_valid or row["dialect"] != dialect:
            raise unauthorized()
        self._used[key.id] = now
        return Identity(
            Caller(
                tenant_id=row["tenant_id"] or NOBODY,
                workspace_id=row["workspace_id"],
                user_id=row["user_id"],
                key_id=key.id,
                dialect=dialect,
            ),
            key.prefix,
            meant_by(tuple(row["scopes"])),
            account_id=row["account_id"],
            default_workspace_id=row["default_workspace_id"],
            rate=_rate(row, limit) if limit else None,
        )

    async def keep_use(self) -> None:
        """Write down now and then which keys were used, until cancelled."""
        while True:
            await asyncio.sleep(USE_SECONDS)
            used, self._used = self._used, {}
            if not used:
                continue
            try:
                async with self._pool.acquire() as connection:
                    await record_use(connection, used)
            except OUTAGE as error:
                log.warning("key_use_not_recorded", error=type(error).__name__)


def _rate(row: Any, limit: int) -> Rate:
    return Rate(limit, row["calls"], row["window_started_at"] + WINDOW)
