"""What providers report by webhook: verified, kept as content and told on as an event, each once, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid5

import services.gateway.fail_points  # noqa: F401  registers the names used below
from services.gateway.errors import ApiError, invalid
from services.gateway.webhook_signatures import Signatures
from shared.content import parts
from shared.content.clean import storable
from shared.contracts.threads import ProviderEventReported
from shared.db.pool import Pool
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.security.webhook_secrets import NOBODY

_SUBJECTS = UUID("b0a1f0de-5c2b-5f0c-8a44-6d3b5b7f2c90")
_ABOUT = ("message", "send", "delivery", "bounce", "complaint", "reject", "open")
"""Where an event says which inbox it is about."""


class Reports:
    """Takes in what providers report: each event once, with its payload, in one transaction."""

    def __init__(
        self, pool: Pool, recorder: Recorder, signatures: Signatures, recorded: Callable[[], None]
    ) -> None:
        """`recorded` is called after a commit that recorded an event."""
        self._pool = pool
        self._recorder = recorder
        self._signatures = signatures
        self._recorded = recorded

    async def take(self, provider: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep an event and tell of it; a repetition changes nothing.

        Raises:
            ApiError: The signature is missing, malformed, old or wrong (401), or the provider signed nonsense (400).
            OUTAGE: The database is away.
            VaultError: The provider's secret cannot be opened.
        """
        if not await self._signatures.verified(provider, headers, body):
            raise not_signed()
        payload = _payload(body)
        event_id, event_type = payload.get("event_id"), payload.get("event_type")
        if not (isinstance(event_id, str) and isinstance(event_type, str) and event_id):
            raise invalid("The body is not an event.")
        await self._keep(provider, headers["svix-id"], event_id, event_type, payload)
        metrics.WEBHOOKS_TAKEN.labels(provider).inc()

    async def _keep(
        self, provider: str, delivery_id: str, event_id: str, event_type: str, payload: dict[str, Any]
    ) -> None:
        inbox_id, content_ref = _inbox_of(payload), self._recorder.ids.new()
        event = self._recorder.event(
            ProviderEventReported(
                provider=provider,
                event_id=event_id,
                event_type=event_type,
                inbox_id=inbox_id,
                content_ref=content_ref,
            ),
            subject=uuid5(_SUBJECTS, f"{provider} {inbox_id or ''}"),
            tenant_id=NOBODY,
            workspace_id=None,
        )
        async with self._pool.acquire() as connection, connection.transaction():
            is_new = await connection.fetchval(
                """
                insert into reported_event (provider, event_id, delivery_id, reported_at)
                values ($1, $2, $3, $4) on conflict do nothing returning true
                """,
                provider,
                event_id,
                delivery_id,
                event.time,
            )
            if not is_new:
                return
            await parts.put(
                connection, id=content_ref, tenant_id=NOBODY, workspace_id=None, kind="report", body=payload
            )
            await append(connection, event)
            failpoint("gateway.webhook.before_commit")
        failpoint("gateway.webhook.after_commit")
        self._recorded()


def not_signed() -> ApiError:
    """Return the refusal of a call that the provider did not sign; it does not say what is wrong with it."""
    return ApiError(401, "unauthorized", "The webhook's signature is missing, malformed or wrong.")


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = storable(json.loads(body))
    except (ValueError, RecursionError):
        raise invalid("The body is not valid JSON.", code="invalid_json") from None
    if not isinstance(payload, dict):
        raise invalid("The body is not an event.")
    return payload


def _inbox_of(payload: Mapping[str, Any]) -> str | None:
    for name in _ABOUT:
        about = payload.get(name)
        if isinstance(about, dict) and isinstance(about.get("inbox_id"), str):
            return str(about["inbox_id"]).lower()
    return None
