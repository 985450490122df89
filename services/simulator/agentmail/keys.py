"""AgentMail inbox keys: shown once, dead with their inbox, and the password for its IMAP and SMTP."""

from __future__ import annotations

from services.simulator.agentmail.access import INBOX_KEY_PREFIX
from services.simulator.agentmail.errors import invalid, not_found
from services.simulator.agentmail.fields import checked
from services.simulator.agentmail.paging import page
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public


def create(world: World, call: Call) -> Answer:
    """Mint a key for the inbox; there is no idempotency here."""
    inbox = _inbox(world, call)
    body = checked(call, {"name": "str", "permissions": "map", "expires_at": "str"})
    now = world.stamp()
    if body.get("expires_at", "9") <= now:
        raise invalid(["expires_at"], "Must be in the future")
    secret = INBOX_KEY_PREFIX + world.hex(48)
    key_id = world.uuid()
    key = world.store.put(
        "am.key",
        key_id,
        {
            "type": "bearer",
            "api_key_id": key_id,
            "prefix": secret[:13],
            "name": body.get("name", "API key"),
            "pod_id": inbox["pod_id"],
            "inbox_id": inbox["inbox_id"],
            "permissions": body.get("permissions"),
            "created_at": now,
            "updated_at": now,
            "expires_at": body.get("expires_at"),
            "_secret": secret,
        },
    )
    world.effect(call, "key.created", key=key["name"], subject=inbox["inbox_id"])
    return json_answer(200, {**public(key), "api_key": secret})


def list_(world: World, call: Call) -> Answer:
    """Return a page of the inbox's keys, without their secrets."""
    inbox = _inbox(world, call)
    return page(call, world.store.find("am.key", "inbox_id", inbox["inbox_id"]), "api_keys", public)


def delete(world: World, call: Call) -> Answer:
    """Revoke one key."""
    inbox = _inbox(world, call)
    key = world.store.get("am.key", call.params["api_key_id"])
    if key is None or key["inbox_id"] != inbox["inbox_id"]:
        raise not_found("API key")
    _revoke(world, call, key)
    return Answer(world.knobs.empty_status)


def revoke_all(world: World, call: Call, inbox_id: str) -> None:
    """Revoke every key of an inbox that is being deleted, newest first."""
    for key in reversed(world.store.find("am.key", "inbox_id", inbox_id)):
        _revoke(world, call, key)


def _revoke(world: World, call: Call, key: Json) -> None:
    world.store.delete("am.key", key["api_key_id"])
    world.effect(call, "key.revoked", key=key["name"], subject=key["inbox_id"])


def _inbox(world: World, call: Call) -> Json:
    inbox = world.store.get("am.inbox", call.params["inbox_id"].lower())
    if inbox is None:
        raise not_found("Inbox")
    return inbox


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/inboxes/{inbox_id}/api-keys", "api_keys.create", create),
    Route("GET", "/inboxes/{inbox_id}/api-keys", "api_keys.list", list_),
    Route("DELETE", "/inboxes/{inbox_id}/api-keys/{api_key_id}", "api_keys.delete", delete),
)
