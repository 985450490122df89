"""AgentMail: the webhooks of the organisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from services.threads.ports_inbound import Registered
from services.threads.providers.errors import meaning_of
from shared.errors import Retryable, Unknown
from shared.http.answers import told
from shared.http.errors import ProviderRefused
from shared.http.provider import Provider

_PATH = "/v0/webhooks"


class AgentMailWebhooks:
    """The `Hooks` port over AgentMail's API v0; a `client_id` makes registering a thing that can be repeated."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def create(self, url: str, event_types: Sequence[str], client_id: str) -> Registered:
        """Register a webhook; AgentMail gives a repeated `client_id` the first one, whatever its URL was."""
        body = {"url": url, "event_types": list(event_types), "client_id": client_id}
        with _changing():
            return _registered(await self._provider.call("webhooks.create", "POST", _PATH, json=body))

    async def change(self, webhook_id: str, event_types: Sequence[str]) -> None:
        """Let a webhook hear these events, and switch it on."""
        body = {"event_types": list(event_types), "enabled": True}
        with _changing():
            await self._provider.call("webhooks.update", "PATCH", _webhook(webhook_id), json=body)

    async def remove(self, webhook_id: str) -> None:
        """Take a webhook away; one that is gone is no trouble."""
        with _changing():
            try:
                await self._provider.call("webhooks.delete", "DELETE", _webhook(webhook_id))
            except ProviderRefused as error:
                if error.status != 404:
                    raise


@contextmanager
def _changing() -> Iterator[None]:
    """Translate what a change raises: whatever is not known to have worked is looked at and done again."""
    try:
        yield
    except ProviderRefused as error:
        raise meaning_of(error) from None
    except Unknown as error:
        raise Retryable("The webhook may not have been changed.", code=error.code) from None


def _registered(item: Any) -> Registered:
    return Registered(
        id=str(told(item, "webhook_id")),
        url=str(told(item, "url")),
        event_types=frozenset(item.get("event_types") or ()),
        is_enabled=bool(item.get("enabled", True)),
        secret=str(told(item, "secret")),
    )


def _webhook(webhook_id: str) -> str:
    return f"{_PATH}/{quote(webhook_id, safe='')}"
