"""The declared tables are those that the migrations make."""

from __future__ import annotations

import services.provisioner.tables_domains
import services.provisioner.tables_names  # noqa: F401  they declare their tables beside ours
from services.provisioner.tables import SCHEMA, ProvisionerTable
from tests.support.catalogue import differences


async def test_declared_tables_are_migrated_ones(database_url: str) -> None:
    assert await differences(database_url, SCHEMA, ProvisionerTable.metadata.sorted_tables) == []
