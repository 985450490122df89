"""Who is calling: the key in the Authorization header, looked up at every call, so that revoking it works at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from services.gateway.errors import forbidden, unauthorized
from services.gateway.reads import ACQUIRE_SECONDS
from services.gateway.security.keys import PREFIXES, is_secret_of, make_key, parse_key
from services.gateway.security.store import LOOK_UP, record_use
from shared.clock import Clock
from shared.contracts.requests import Caller, Dialect
from shared.db.pool import OUTAGE, Pool
from shared.observability.logging import get_logger

log = get_logger(__name__)

USE_SECONDS = 30.0
_NO_HASH = make_key("none").hash()


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller and what its key allows."""

    caller: Caller
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Check a scope.

        Raises:
            ApiError: The key lacks it (403).
        """
        if scope not in self.scopes:
            raise forbidden(scope)


class Authenticator:
    """Turns a presented key into an identity."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._used: dict[str, datetime] = {}

    async def identify(self, presented: str, dialect: Dialect) -> Identity:
        """Return who presents this key.

        Raises:
            ApiError: It is no key of this dialect that is in force (401), the same answer whatever is wrong with it.
            OUTAGE: The database is away.
        """
        key = parse_key(presented)
        if key is None or key.prefix not in PREFIXES[dialect]:
            raise unauthorized()
        now = self._clock.now()
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(LOOK_UP, key.id, key.prefix, now)
        is_valid = is_secret_of(key, row["secret_hash"] if row else _NO_HASH)
        if row is None or not is_valid or row["dialect"] != dialect:
            raise unauthorized()
        self._used[key.id] = now
        caller = Caller(
            tenant_id=row["tenant_id"],
            workspace_id=row["workspace_id"],
            user_id=row["user_id"],
            key_id=key.id,
            dialect=dialect,
        )
        return Identity(caller, frozenset(row["scopes"]))

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


def bearer(header: str | None) -> str:
    """Return the token of an `Authorization: Bearer <token>` header (S0-3).

    Raises:
        ApiError: There is none (401).
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()
