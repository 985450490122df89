"""Rows of one table that are leased: `lease_token` names the lease, `leased_until` is when it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar
from uuid import UUID

from shared.db.pool import Pool


class LeasedRows:
    """Keeps the leases of a table's rows, as a `leases.LeaseKeeper`."""

    TABLE: ClassVar[str]
    LEASABLE: ClassVar[str] = "true"
    """Which rows can be leased at all; said where an index has only these."""

    def __init__(self, pool: Pool, *, lease_seconds: float) -> None:
        self._pool = pool
        self._lease_seconds = lease_seconds

    @classmethod
    def renewing(cls) -> str:
        """Return the statement that keeps leases for another while."""
        return (
            f"update {cls.TABLE} set leased_until = now() + make_interval(secs => $2)"  # noqa: S608  our own names
            f" where {cls.LEASABLE} and lease_token = any($1) returning lease_token"
        )

    @classmethod
    def releasing(cls) -> str:
        """Return the statement that gives leases back."""
        return (
            f"update {cls.TABLE} set lease_token = null, leased_until = null"  # noqa: S608  our own names
            f" where {cls.LEASABLE} and lease_token = any($1)"
        )

    async def renew(self, tokens: Sequence[UUID]) -> Collection[UUID]:
        """Keep leases for another while and return those that are still ours."""
        rows = await self._pool.fetch(self.renewing(), list(tokens), self._lease_seconds)
        return {row["lease_token"] for row in rows}

    async def release(self, tokens: Sequence[UUID]) -> None:
        """Give leases back early, so that another worker need not wait for their end; intents stay."""
        await self._pool.execute(self.releasing(), list(tokens))
