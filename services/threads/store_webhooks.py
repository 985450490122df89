"""Every read and write of our registration at a provider: where it is told to report, and with which secret it signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.threads.ports_inbound import Registered
from shared.db.pool import Pool
from shared.messaging.recorder import Recorder
from shared.security import webhook_secrets
from shared.security.vault import Vault

CLAIM = """
    update webhook set lease_token = $1, leased_until = now() + make_interval(secs => $3)
    where due_at <= $2 and (leased_until is null or leased_until < now())
    returning provider, url, failures, registered_at, lease_token
"""


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration to be made or looked after, under a lease of this worker's."""

    provider: str
    url: str
    failures: int
    registered_at: datetime | None
    """When it was found or made last; None while it never was at this URL."""
    lease_token: UUID


class WebhookDesk:
    """The registration at one provider."""

    def __init__(
        self, pool: Pool, recorder: Recorder, vault: Vault, provider: str, url: str, *, lease_seconds: float
    ) -> None:
        self._pool = pool
        self._recorder = recorder
        self._vault = vault
        self._provider = provider
        self._url = url
        self._lease_seconds = lease_seconds

    async def want(self) -> None:
        """Wish to be told at our URL; a registration elsewhere is made anew, and that one is looked after."""
        await self._pool.execute(
            """
            insert into webhook as w (provider, url, due_at) values ($1, $2, $3)
            on conflict (provider) do update
                set url = excluded.url, registered_at = null, heard_at = null, missed_at = null, due_at = excluded.due_at
                where w.url <> excluded.url
            """,
            self._provider,
            self._url,
            self._recorder.clock.now(),
        )

    async def claim(self, limit: int) -> Sequence[Registration]:
        """Lease the registration, if it is due."""
        del limit  # there is one
        rows = await self._pool.fetch(
            CLAIM, self._recorder.ids.new(), self._recorder.clock.now(), self._lease_seconds
        )
        return [Registration(**row) for row in rows]

    async def registered(self, registration: Registration, made: Registered, wait_seconds: float) -> None:
        """Keep a registration and its secret, where the gateway finds it; look after it again in a while."""
        async with self._pool.acquire() as connection, connection.transaction():
            now = self._recorder.clock.now()
            held = await connection.fetchval(
                """
                update webhook set webhook_id = $3, secret_ref = $4, registered_at = $5, failures = 0,
                    due_at = $6, lease_token = null, leased_until = null
                where provider = $1 and lease_token = $2 returning true
                """,
                registration.provider,
                registration.lease_token,
                made.id,
                webhook_secrets.secret_id(registration.provider),
                now,
                now + timedelta(seconds=wait_seconds),
            )
            kept = await webhook_secrets.find(self._vault, connection, registration.provider)
            if held and kept != made.secret:
                await webhook_secrets.keep(self._vault, connection, registration.provider, made.secret)

    async def put_back(self, registration: Registration, wait_seconds: float) -> None:
        """Try again later."""
        await self._pool.execute(
            """
            update webhook set lease_token = null, leased_until = null, due_at = $3, failures = failures + 1
            where provider = $1 and lease_token = $2
            """,
            registration.provider,
            registration.lease_token,
            self._recorder.clock.now() + timedelta(seconds=wait_seconds),
        )
