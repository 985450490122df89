"""Whether a webhook comes from the provider: its Svix signature, held against the secret in the vault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from shared.db.pool import Pool
from shared.security import webhook_secrets
from shared.security.vault import MasterKeys, Vault

KEPT_SECONDS = 60.0
"""How long a secret is used without looking whether there is a newer one."""
LOOK_AGAIN_SECONDS = 1.0
"""How soon after a look a wrong signature may cause another: strangers must not be able to keep the vault busy."""
SHORTEST_SECRET = 32
"""In characters; shorter ones are no secrets, and the library stumbles over empty ones."""
_NEEDED = ("svix-id", "svix-timestamp", "svix-signature")


class Signatures:
    """Checks signatures; a secret is read from the vault once in a while, and again when it does not fit."""

    def __init__(self, pool: Pool, keys: MasterKeys | None) -> None:
        self._pool = pool
        self._vault = None if keys is None else Vault(keys)
        self._secrets: dict[str, str | None] = {}
        self._looked_at: dict[str, float] = {}
        self._turn = asyncio.Lock()

    async def verified(self, provider: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether a body was signed by this provider within five minutes of now.

        Raises:
            OUTAGE: The database is away.
            VaultError: The secret is there and none of the master keys opens it.
        """
        secret = await self._secret(provider, KEPT_SECONDS)
        if is_signed(secret, headers, body):
            return True
        # Its secret may have been replaced a moment ago.
        newer = await self._secret(provider, LOOK_AGAIN_SECONDS)
        return newer != secret and is_signed(newer, headers, body)

    async def _secret(self, provider: str, most_seconds: float) -> str | None:
        if self._vault is None:
            return None
        async with self._turn:
            if time.monotonic() - self._looked_at.get(provider, -KEPT_SECONDS) >= most_seconds:
                async with self._pool.acquire() as connection:
                    self._secrets[provider] = await webhook_secrets.find(self._vault, connection, provider)
                self._looked_at[provider] = time.monotonic()
            return self._secrets[provider]


def claims_signature(headers: Mapping[str, str]) -> bool:
    """Return whether a call has the Svix headers at all: without them its body need not be read."""
    return all(headers.get(name) for name in _NEEDED)


def is_signed(secret: str | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the Svix headers sign this body with this secret, at about this time."""
    if secret is None or len(secret) < SHORTEST_SECRET or not claims_signature(headers):
        return False
    # It brings the client of a whole API with it, which is a sixth of the gateway's start.
    from svix.webhooks import Webhook, WebhookVerificationError  # noqa: PLC0415

    try:
        # It returns nothing: what it does not refuse is verified.
        Webhook(secret).verify(body, {name: headers[name] for name in _NEEDED})
    except (WebhookVerificationError, ValueError):
        # A ValueError: what is not base64, not a list of versions or not UTF-8 signs nothing.
        return False
    return True
