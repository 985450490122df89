"""Whose AgentMail key a call carries, what that key may touch, and which addresses the call concerns."""

from __future__ import annotations

from services.simulator.agentmail.errors import not_found, refusal
from services.simulator.wire import Call, Json, Refusal, json_answer
from services.simulator.world import World

INBOX_KEY_PREFIX = "am_inbox_"

_PERMISSION = {
    "messages.send": "message_send",
    "messages.reply": "message_send",
    "messages.forward": "message_send",
    "messages.list": "message_read",
    "messages.get": "message_read",
    "messages.update": "message_update",
    "messages.delete": "message_delete",
    "threads.list": "message_read",
    "threads.get": "message_read",
    "drafts.create": "draft_create",
    "drafts.list": "draft_read",
    "drafts.get": "draft_read",
    "drafts.update": "draft_update",
    "drafts.delete": "draft_delete",
    "drafts.send": "draft_send",
    "inboxes.get": "inbox_read",
    "inboxes.list": "inbox_read",
    "api_keys.create": "api_key_create",
}
_ORGANIZATION_ONLY = ("inboxes.create", "inboxes.delete", "domains.", "webhooks.", "organizations.")


def authenticate(world: World, call: Call) -> None:
    """Accept any organisation key (`am_…`) and every live inbox key; raises the provider's 401 or 403."""
    header = call.headers.get("authorization")
    if header is None:
        raise Refusal(json_answer(401, {"message": "Unauthorized"}))
    scheme, _, secret = header.partition(" ")
    if scheme != "Bearer" or not secret.startswith("am_"):
        raise refusal(401, "unknown_api_key", "Unknown API key")
    if not secret.startswith(INBOX_KEY_PREFIX):
        return
    key = live_key(world, secret)
    if key is None:
        raise refusal(401, "unknown_api_key", "Unknown API key")
    _limit_to_inbox(call, key)


def live_key(world: World, secret: str) -> Json | None:
    """Return the inbox key with this secret, unless it is revoked or expired."""
    found = world.store.find("am.key", "_secret", secret)
    if not found or (found[0].get("expires_at") or "9") <= world.stamp():
        return None
    return found[0]


def _limit_to_inbox(call: Call, key: Json) -> None:
    inbox_id: str = key["inbox_id"]
    call.scope_inbox = inbox_id
    if call.operation.startswith(_ORGANIZATION_ONLY):
        raise refusal(403, "missing_permission", "This key cannot do that")
    needed, granted = _PERMISSION.get(call.operation), key.get("permissions")
    if needed and granted is not None and not granted.get(needed):
        raise refusal(403, "missing_permission", f"This key lacks {needed}")
    if call.params.get("inbox_id", inbox_id).lower() != inbox_id:
        raise not_found("Inbox")


def subjects(call: Call) -> list[str]:
    """Return the addresses or domains a call is about, for fault matching and the list of calls."""
    body = call.fields()
    if call.operation == "inboxes.create" and isinstance(body.get("username"), str):
        return [f"{body['username']}@{body.get('domain') or 'agentmail.to'}".lower()]
    named = [call.params.get("inbox_id"), call.params.get("domain_id"), body.get("domain"), body.get("url")]
    return [value.lower() for value in named if isinstance(value, str)]
