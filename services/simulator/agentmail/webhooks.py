"""AgentMail webhooks: endpoints that want to hear of events."""

from __future__ import annotations

import base64

from services.simulator.agentmail.errors import invalid, not_found
from services.simulator.agentmail.fields import checked
from services.simulator.agentmail.paging import page
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

_MOST_INBOXES = 10


def create(world: World, call: Call) -> Answer:
    """Register an endpoint, or give back the one this client_id made; the answer holds its signing secret."""
    shape = {"url": "str", "event_types": "list", "inbox_ids": "list", "pod_ids": "list", "client_id": "str"}
    body = checked(call, {**shape, "headers": "map"}, required=("url", "event_types"))
    if not body["event_types"]:
        raise invalid(["event_types"], "At least one event type is required")
    if len(body.get("inbox_ids", [])) > _MOST_INBOXES:
        raise invalid(["inbox_ids"], f"At most {_MOST_INBOXES}")
    if not body["url"].startswith(("http://", "https://")):
        raise invalid(["url"], "Invalid url")
    if "client_id" in body:
        earlier = world.store.find("am.webhook", "client_id", body["client_id"])
        if earlier:
            return json_answer(200, public(earlier[0]))
    now, webhook_id = world.stamp(), f"ep_{world.hex(27)}"
    webhook: Json = {
        "webhook_id": webhook_id,
        "url": body["url"],
        "event_types": body["event_types"],
        "inbox_ids": body.get("inbox_ids"),
        "pod_ids": body.get("pod_ids"),
        "secret": "whsec_" + base64.b64encode(bytes.fromhex(world.hex(48))).decode(),
        "enabled": True,
        "client_id": body.get("client_id"),
        "created_at": now,
        "updated_at": now,
        "_headers": body.get("headers", {}),
    }
    world.store.put("am.webhook", webhook_id, webhook)
    world.effect(call, "webhook.created", key=body.get("client_id"), subject=webhook_id)
    return json_answer(200, public(webhook))


def _load(world: World, call: Call) -> Json:
    webhook = world.store.get("am.webhook", call.params["webhook_id"])
    if webhook is None:
        raise not_found("Webhook")
    return webhook


def get(world: World, call: Call) -> Answer:
    """Return one webhook, secret included."""
    return json_answer(200, public(_load(world, call)))


def list_(world: World, call: Call) -> Answer:
    """Return a page of webhooks."""
    return page(call, world.store.all("am.webhook"), "webhooks", public)


def update(world: World, call: Call) -> Answer:
    """Change event types, the switch or the inboxes listened to."""
    webhook = _load(world, call)
    shape = {"event_types": "list", "enabled": "bool", "add_inbox_ids": "list", "remove_inbox_ids": "list"}
    body = checked(call, shape)
    inboxes = [one for one in webhook.get("inbox_ids") or [] if one not in body.get("remove_inbox_ids", [])]
    inboxes += [one for one in body.get("add_inbox_ids", []) if one not in inboxes]
    changed = {
        **webhook,
        "event_types": body.get("event_types") or webhook["event_types"],
        "enabled": body.get("enabled", webhook["enabled"]),
        "inbox_ids": inboxes or None,
        "updated_at": world.stamp(),
    }
    world.store.put("am.webhook", webhook["webhook_id"], changed)
    world.effect(call, "webhook.updated", key=webhook.get("client_id"), subject=webhook["webhook_id"])
    return json_answer(200, public(changed))


def delete(world: World, call: Call) -> Answer:
    """Remove an endpoint; what it has not heard it will not hear."""
    webhook = _load(world, call)
    world.store.delete("am.webhook", webhook["webhook_id"])
    world.effect(call, "webhook.deleted", key=webhook.get("client_id"), subject=webhook["webhook_id"])
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/webhooks", "webhooks.create", create),
    Route("GET", "/webhooks", "webhooks.list", list_),
    Route("GET", "/webhooks/{webhook_id}", "webhooks.get", get),
    Route("PATCH", "/webhooks/{webhook_id}", "webhooks.update", update),
    Route("DELETE", "/webhooks/{webhook_id}", "webhooks.delete", delete),
)
