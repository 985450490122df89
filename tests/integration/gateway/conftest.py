"""A gateway over real HTTP for each test, a key of its first tenant, and a client that calls with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.gateway import GatewaySide, Key, gateway_side


@pytest.fixture
async def gateway(database_url: str) -> AsyncIterator[GatewaySide]:
    """A gateway whose broker is away, which must make no difference to its API."""
    async with gateway_side(database_url) as running:
        yield running


@pytest.fixture
async def key(gateway: GatewaySide) -> Key:
    """A key that may do everything in one workspace."""
    return await gateway.key()


@pytest.fixture
async def api(gateway: GatewaySide, key: Key) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls with the key."""
    async with gateway.client(key) as client:
        yield client
