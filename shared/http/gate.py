"""The gate before a provider: one budget and one circuit breaker per provider and credential, shared by all processes.

The state is one row in Postgres. A process borrows a few calls at a time and spends them locally, so the row is not
touched for every call. After `FAILURE_LIMIT` failures in a row the gate closes for `COOLDOWN_SECONDS`, then lets one probe
through at a time until one succeeds.

`blocked_until` is `-infinity` before it is first set: PostgreSQL calculates with that from version 17 on only.
"""

from __future__ import annotations

import asyncio
import time

from shared.db.pool import Pool
from shared.http.errors import ProviderThrottled

FAILURE_LIMIT = 10
COOLDOWN_SECONDS = 5.0
BORROWED_FOR_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 1.0

ENTER = """
    insert into providers.gate as g (provider, credential, tokens) values ($1, $2, $4::float8 - $5)
    on conflict (provider, credential) do update set
        tokens = least($4, g.tokens + $3 * extract(epoch from clock_timestamp() - g.refilled_at)::float8) - $5,
        refilled_at = clock_timestamp(),
        blocked_until = case when g.failures >= $6
            then clock_timestamp() + make_interval(secs => $7) else g.blocked_until end
    where g.blocked_until <= clock_timestamp()
        and least($4, g.tokens + $3 * extract(epoch from clock_timestamp() - g.refilled_at)::float8) >= $5
    returning failures
"""
WAIT = """
    select greatest(
        extract(epoch from greatest(blocked_until, clock_timestamp()) - clock_timestamp())::float8,
        ($4::float8 - tokens) / $3::float8 - extract(epoch from clock_timestamp() - refilled_at)::float8,
        0.005
    ) from providers.gate where provider = $1 and credential = $2
"""
FAILED = """
    update providers.gate set failures = failures + 1,
        blocked_until = case when failures + 1 >= $3
            then clock_timestamp() + make_interval(secs => $4) else blocked_until end
    where provider = $1 and credential = $2 returning failures
"""
SUCCEEDED = """
    update providers.gate set failures = 0,
        blocked_until = case when failures >= $3 then '-infinity' else blocked_until end
    where provider = $1 and credential = $2 and failures > 0
"""
BLOCK = """
    update providers.gate
    set blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => $3))
    where provider = $1 and credential = $2
"""


class Gate:
    """Lets calls through within a rate (calls per second) and a burst, while the provider is well.

    A burst is at least one call: a budget that never holds a whole one would let none through.
    """

    def __init__(
        self, pool: Pool, provider: str, credential: str, *, rate_per_second: float, burst: float
    ) -> None:
        self._pool = pool
        self._key = (provider, credential)
        self._rate = rate_per_second
        self._burst = max(burst, 1.0)
        self._chunk = max(1, int(min(rate_per_second / 20, burst / 4)))
        self._borrowed = 0
        self._borrowed_until = 0.0
        self._has_failures = False
        self._turn = asyncio.Lock()

    async def enter(self) -> None:
        """Take one call from the budget, waiting up to a second for it.

        Raises:
            ProviderThrottled: The budget is spent or the provider must be left alone for longer than that.
        """
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        async with self._turn:
            while self._borrowed <= 0 or time.monotonic() > self._borrowed_until:
                wait = await self._borrow()
                if wait is None:
                    break
                if time.monotonic() + wait > deadline:
                    raise ProviderThrottled("The provider must be left alone for now.", retry_after=wait)
                await asyncio.sleep(wait)
            self._borrowed -= 1

    async def _borrow(self) -> float | None:
        """Borrow calls; return None when there are some now, else the seconds after which to look again."""
        chunk = 1 if self._has_failures else self._chunk
        failures = await self._pool.fetchval(
            ENTER, *self._key, self._rate, self._burst, chunk, FAILURE_LIMIT, COOLDOWN_SECONDS
        )
        if failures is None:
            wait = await self._pool.fetchval(WAIT, *self._key, self._rate, chunk)
            return float(wait or 0.005)
        self._has_failures = failures > 0
        # A closed breaker lends one probe, whatever the chunk was.
        self._borrowed = 1 if failures >= FAILURE_LIMIT else chunk
        self._borrowed_until = time.monotonic() + BORROWED_FOR_SECONDS
        return None

    async def failed(self) -> None:
        """Count a call that the provider did not answer properly."""
        failures = await self._pool.fetchval(FAILED, *self._key, FAILURE_LIMIT, COOLDOWN_SECONDS)
        self._has_failures = True
        if failures is not None and failures >= FAILURE_LIMIT:
            self._borrowed = 0

    async def succeeded(self) -> None:
        """Count a call that the provider answered, whatever it said."""
        if self._has_failures:
            self._has_failures = False
            await self._pool.execute(SUCCEEDED, *self._key, FAILURE_LIMIT)

    async def block(self, seconds: float) -> None:
        """Leave the provider alone for this long, in every process."""
        self._borrowed = 0
        await self._pool.execute(BLOCK, *self._key, seconds)
