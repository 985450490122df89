"""The keys of the demonstration: two tenants, each with a key per dialect."""

from __future__ import annotations

from services.gateway.security.keys import KINDS
from services.gateway.security.store import KeyAdmin
from services.gateway.tenancy.workspaces import DEFAULT_NAME
from shared.clock import RandomIds, SystemClock
from shared.contracts.requests import Dialect
from shared.db.pool import connect

NAME = "mailwright up"
TENANTS = {"keys": "Demo", "keys_other": "Other"}


async def ensure_demo_keys(database_url: str) -> dict[str, dict[str, str]]:
    """Make new demo keys, `{"keys": {dialect: key}, "keys_other": {…}}`, and revoke those made before.

    Only hashes of secrets are kept, so keys that were lost cannot be shown again.
    """
    connection = await connect(
        database_url, schema="gateway", role="mailwright_gateway", application="gateway-keys"
    )
    try:
        admin = KeyAdmin(connection, SystemClock(), RandomIds())
        async with connection.transaction():
            await admin.revoke_named(NAME)
            return {
                field: {
                    dialect.value: (
                        await admin.create(
                            kind=KINDS[dialect][0], tenant=tenant, workspace=DEFAULT_NAME, name=NAME
                        )
                    ).reveal()
                    for dialect in Dialect
                }
                for field, tenant in TENANTS.items()
            }
    finally:
        await connection.close()
