"""Telling the provider where to report: registered once, found again after a crash, made anew at another URL."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import services.threads.fail_points_inbound as points
from services.threads.ports import Refused
from services.threads.ports_inbound import WORKED_OFF, Hooks, Registered
from services.threads.store_webhooks import Registration, WebhookDesk
from shared.errors import Retryable
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 600.0


def is_within_reach(url: str, provider_url: str) -> bool:
    """Return whether a provider can call a URL of ours: one of this machine only a provider on this machine can."""
    return bool(url) and (not _is_local(url) or _is_local(provider_url))


class RegisterWebhook:
    """Registers our webhook as `client_id`, and looks every `check_seconds` whether it is still there and switched on."""

    def __init__(self, desk: WebhookDesk, hooks: Hooks, client_id: str, check_seconds: float) -> None:
        self._desk = desk
        self._hooks = hooks
        self._client_id = client_id
        self._check_seconds = check_seconds
        self._is_wanted = False

    async def claim(self, limit: int) -> Sequence[Registration]:
        """Lease the registration when it is due."""
        if not self._is_wanted:
            await self._desk.want()
            self._is_wanted = True
        return await self._desk.claim(limit)

    async def run(self, registration: Registration) -> None:
        """Register the webhook, or find it as it was; trouble is met with patience."""
        try:
            made = await self._made(registration.url)
        except (Refused, Retryable) as error:
            wait = min(FIRST_WAIT_SECONDS * 2 ** min(registration.failures, 16), LONGEST_WAIT_SECONDS)
            log.warning("webhook_not_registered", url=registration.url, code=error.code)
            await self._desk.put_back(registration, wait)
            return
        failpoint(f"{points.WEBHOOK}.after_call")
        await self._desk.registered(registration, made, self._check_seconds)
        if registration.registered_at is None:
            log.info("webhook_registered", url=registration.url)

    async def _made(self, url: str) -> Registered:
        wanted = sorted(WORKED_OFF)
        made = await self._hooks.create(url, wanted, self._client_id)
        if made.url != url:
            # The provider gives back what was registered under our name before, at the URL of that time.
            await self._hooks.remove(made.id)
            made = await self._hooks.create(url, wanted, self._client_id)
        if made.url != url:
            raise Retryable("The provider keeps another URL.", code="webhook_elsewhere")
        if not made.is_enabled or made.event_types != frozenset(wanted):
            await self._hooks.change(made.id, wanted)
        return made


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
