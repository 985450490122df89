"""Connections that serve reads: bound to one tenant, and to one workspace if the key is, by row-level security."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.contracts.accounts import AccountState
from shared.contracts.requests import Caller
from shared.db.pool import Connection, Pool
from shared.security.vault import INBOX_CREDENTIAL, MasterKeys, Vault

ACQUIRE_SECONDS = 5.0
"""How long a call waits for a free connection before it is refused with 503."""


class Reader:
    """Lends connections of the role that sees nothing until it is bound."""

    def __init__(self, pool: Pool, keys: MasterKeys | None = None) -> None:
        self._pool = pool
        self._vault = Vault(keys) if keys is not None else None

    @asynccontextmanager
    async def bound(self, caller: Caller) -> AsyncIterator[Connection]:
        """Lend a connection that sees what this caller may see, as of one instant, in a transaction that only reads.

        Raises:
            OUTAGE: The database is away, or no connection is free in time.
        """
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(
                "select set_config('app.tenant', $1, true), set_config('app.workspace', $2, true)",
                str(caller.tenant_id),
                str(caller.workspace_id or ""),
            )
            yield connection

    async def secret_of(self, connection: Connection, caller: Caller, account: AccountState) -> str | None:
        """Return the credential of an account's inbox, None if it has none or it belongs to another tenant (S2-29).

        Raises:
            VaultError: It does not open with this installation's master keys.
        """
        if self._vault is None or account.credential_ref is None or account.tenant_id != caller.tenant_id:
            return None
        return await self._vault.get(
            connection, id=account.credential_ref, tenant_id=caller.tenant_id, kind=INBOX_CREDENTIAL
        )
