"""The gateway's declared tables are the ones its migrations make."""

from __future__ import annotations

import services.gateway.tables_projection  # noqa: F401  declares its tables beside the others
from services.gateway.tables import metadata
from tests.support.catalogue import differences


async def test_the_declared_tables_are_the_migrated_ones(database_url: str) -> None:
    assert await differences(database_url, "gateway", metadata.sorted_tables) == []
