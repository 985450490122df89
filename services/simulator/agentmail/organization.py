"""AgentMail's own view of the caller: organisation quotas and the credential probe."""

from __future__ import annotations

from services.simulator.agentmail.inboxes import POD_ID
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

ORGANIZATION_ID = "0f4c6f2e-6a0b-4c61-8f6e-2f9d1c7a5b10"
_SINCE = "2026-01-01T00:00:00.000Z"


def get(world: World, _: Call) -> Answer:
    """Return counts and limits."""
    body: Json = {
        "organization_id": ORGANIZATION_ID,
        "inbox_count": world.store.count("am.inbox"),
        "domain_count": world.store.count("am.domain"),
        "inbox_limit": world.knobs.inbox_limit,
        "updated_at": _SINCE,
        "created_at": _SINCE,
    }
    return json_answer(200, public(body))


def me(_: World, call: Call) -> Answer:
    """Say which scope the key has."""
    inbox = call.scope_inbox
    body: Json = {
        "scope_type": "inbox" if inbox else "organization",
        "scope_id": inbox or ORGANIZATION_ID,
        "organization_id": ORGANIZATION_ID,
        "pod_id": POD_ID if inbox else None,
        "inbox_id": inbox,
    }
    return json_answer(200, public(body))


ROUTES: tuple[ProviderRoute, ...] = (
    Route("GET", "/organizations", "organizations.get", get),
    Route("GET", "/auth/me", "auth.me", me),
)
