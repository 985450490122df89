"""Two services on each broker of the run, in an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.messaging.broker import KafkaSettings
from tests.support.engines import drop_database, new_database
from tests.support.sides import Side, two_sides


@pytest.fixture
async def idle_sides(postgres_url: str, kafka: KafkaSettings) -> AsyncIterator[tuple[Side, Side]]:
    """A producing and a consuming service whose relays run; nobody consumes yet."""
    url = await new_database(postgres_url)
    async with two_sides(url, kafka) as made:
        yield made
    await drop_database(url)


@pytest.fixture
async def sides(idle_sides: tuple[Side, Side]) -> AsyncIterator[tuple[Side, Side]]:
    """A producing and a consuming service, both running whole."""
    producer, reader = idle_sides
    async with producer.consuming(), reader.consuming():
        yield idle_sides
