"""The secret a provider signs its webhooks with: kept by whoever registers the webhook, read by whoever receives it."""

from __future__ import annotations

from uuid import UUID, uuid5

from shared.db.pool import Connection
from shared.security.vault import Vault

KIND = "webhook_secret"
NOBODY = UUID(int=0)
"""Its tenant: a webhook tells of everybody's mail."""
_SECRETS = UUID("6f1c8a52-7d0e-5b7a-9a53-3c1f0d6a2b11")


def secret_id(provider: str) -> UUID:
    """Return where the vault keeps a provider's webhook secret."""
    return uuid5(_SECRETS, provider)


async def keep(vault: Vault, connection: Connection, provider: str, secret: str) -> UUID:
    """Keep a provider's webhook secret in place of the one before, and return its id."""
    await vault.forget(connection, id=secret_id(provider))
    await vault.put(connection, id=secret_id(provider), tenant_id=NOBODY, kind=KIND, secret=secret)
    return secret_id(provider)


async def find(vault: Vault, connection: Connection, provider: str) -> str | None:
    """Return a provider's webhook secret; None while no webhook is registered.

    Raises:
        VaultError: It does not open with the master keys there are.
    """
    return await vault.get(connection, id=secret_id(provider), tenant_id=NOBODY, kind=KIND)
