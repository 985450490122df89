"""Taking down either of the two fences between tenants, in the gateways that a test then builds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.gateway import bootstrap, reads
from shared.contracts.requests import Caller
from shared.db.pool import Connection

_MINE = re.compile(r"(?:\w+\.)?(?:tenant|workspace)_id = \$(\d+)")


class _Unfiltered:
    """A connection that forgets in every query whose rows were asked for; row-level security is all that is left."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        return await self._connection.fetch(self._forget(query), *arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        return await self._connection.fetchrow(self._forget(query), *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        return await self._connection.fetchval(self._forget(query), *arguments)

    def _forget(self, query: str) -> str:
        return _MINE.sub(r"$\1::uuid is not null", query)


def take_down_filters(patch: pytest.MonkeyPatch) -> None:
    """Have queries ask for everybody's rows."""
    bound = reads.Reader.bound

    @asynccontextmanager
    async def unfiltered(self: reads.Reader, caller: Caller) -> AsyncIterator[Any]:
        async with bound(self, caller) as connection:
            yield _Unfiltered(connection)

    patch.setattr(reads.Reader, "bound", unfiltered)


def take_down_row_security(patch: pytest.MonkeyPatch) -> None:
    """Have reads done in the role of the workers, which sees everybody's rows."""
    patch.setattr(bootstrap, "REQUEST_ROLE", bootstrap.ROLE)
