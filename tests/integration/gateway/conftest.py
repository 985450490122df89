"""A gateway over real HTTP for each test, a key of its first tenant, and a client that calls with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import structlog

from tests.support.gateway import GatewaySide, Key, gateway_side


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Send log lines to pytest: the default draws every frame of a traceback on standard output, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.JSONRenderer(default=repr)],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


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
