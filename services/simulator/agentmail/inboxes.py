"""AgentMail inboxes: created once per client_id, never again at an address that was deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.simulator.agentmail.errors import invalid, not_found, refusal, taken
from services.simulator.agentmail.fields import DOMAIN, USERNAME, checked, checked_metadata
from services.simulator.agentmail.keys import revoke_all
from services.simulator.agentmail.paging import page
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, local_part_begins, public

POD_ID = "6f0d4a52-5f0e-4a52-9d3c-0b8d6a4d1c11"
_SHARED_DOMAIN = "agentmail.to"
_SHAPE = {
    "username": "str",
    "domain": "str",
    "display_name": "str",
    "client_id": "str",
    "status": "str",
    "metadata": "map",
}


def create(world: World, call: Call) -> Answer:
    """Create an inbox, or give back the one this client_id made."""
    body = checked(call, _SHAPE)
    if "client_id" in body:
        earlier = world.store.find("am.inbox", "client_id", body["client_id"])
        if earlier:
            return json_answer(200, public(earlier[0]))
    email, domain = _address(world, body)
    _require_domain(world, domain)
    _require_free(world, email)
    now = world.stamp()
    inbox = world.store.put(
        "am.inbox",
        email,
        {
            "pod_id": POD_ID,
            "inbox_id": email,
            "email": email,
            "display_name": body.get("display_name"),
            "client_id": body.get("client_id"),
            "status": _status(body),
            "metadata": checked_metadata(body["metadata"]) if "metadata" in body else None,
            "updated_at": now,
            "created_at": now,
            "_domain": domain,
        },
    )
    world.effect(call, "inbox.created", key=body.get("client_id"), subject=email)
    return json_answer(200, public(inbox))


def _address(world: World, body: Json) -> tuple[str, str]:
    username = str(body.get("username") or f"inbox{world.hex(10)}").lower()
    domain = str(body.get("domain") or _SHARED_DOMAIN).lower()
    if not USERNAME.fullmatch(username):
        raise invalid(["username"], "Invalid username")
    if not DOMAIN.fullmatch(domain):
        raise invalid(["domain"], "Invalid domain")
    return f"{username}@{domain}", domain


def _require_domain(world: World, domain: str) -> None:
    if domain == _SHARED_DOMAIN:
        return
    own = world.store.get("am.domain", domain)
    if own is None:
        parent = world.store.get("am.domain", domain.partition(".")[2])
        if parent is None:
            raise not_found("Domain")
        if not parent["subdomains_enabled"]:
            raise refusal(422, "unprocessable", "Subdomains are not enabled for this domain")
        own = parent
    if own["status"] != "VERIFIED":
        raise refusal(403, "domain_not_verified", "Domain is not verified")


def _require_free(world: World, email: str) -> None:
    knobs = world.knobs
    if local_part_begins(email, "fail-inbox"):
        raise refusal(422, "unprocessable", "Username is not allowed")
    if world.store.get("am.inbox", email) is not None:
        raise taken(knobs.taken_status, "Inbox is taken")
    if world.store.get("am.tombstone", email) is not None and knobs.deleted_address != "allow":
        if knobs.deleted_address == "deleting":
            raise refusal(knobs.taken_status, "resource_deleting", "Inbox is being deleted")
        raise taken(knobs.taken_status, "Inbox is taken")
    if knobs.inbox_limit is not None and world.store.count("am.inbox") >= knobs.inbox_limit:
        raise refusal(403, "limit_exceeded", "Inbox limit exceeded", "LimitExceededError")


def _status(body: Json) -> str | None:
    status = body.get("status")
    if status not in {None, "active", "paused"}:
        raise invalid(["status"], "Expected active or paused")
    return "paused" if status == "paused" else None


def load(world: World, call: Call) -> Json:
    """Return the inbox the path names, or raise the 404."""
    inbox = world.store.get("am.inbox", call.params["inbox_id"].lower())
    if inbox is None:
        raise not_found("Inbox")
    return inbox


def load_settled(world: World, call: Call) -> Json:
    """Return the inbox for mail work, which a brand-new inbox does not do yet while the knob says so."""
    inbox = load(world, call)
    ready = datetime.fromisoformat(inbox["created_at"]) + timedelta(
        seconds=world.knobs.inbox_visibility_seconds
    )
    if world.now() < ready:
        raise not_found("Inbox")
    return inbox


def get(world: World, call: Call) -> Answer:
    """Return one inbox."""
    return json_answer(200, public(load(world, call)))


def list_(world: World, call: Call) -> Answer:
    """Return a page of inboxes."""
    items = world.store.all("am.inbox")
    if call.scope_inbox is not None:
        items = [inbox for inbox in items if inbox["inbox_id"] == call.scope_inbox]
    return page(call, items, "inboxes", public)


def update(world: World, call: Call) -> Answer:
    """Change display name, status or metadata."""
    inbox = load(world, call)
    sent = call.fields()
    body = checked(call, {"display_name": "str", "status": "str", "metadata": "map"})
    if not {"display_name", "status", "metadata"} & sent.keys() or sent.get("metadata") == {}:
        raise invalid([], "At least one field is required")
    changed = {**inbox, "updated_at": world.stamp()}
    if "display_name" in body:
        changed["display_name"] = body["display_name"]
    if "status" in body:
        changed["status"] = _status(body)
    if "metadata" in sent:
        merged = {**(inbox.get("metadata") or {}), **checked_metadata(body.get("metadata", {}))}
        kept = {key: value for key, value in merged.items() if value is not None}
        changed["metadata"] = kept if body.get("metadata") else None
    updated = world.store.put("am.inbox", inbox["inbox_id"], changed)
    world.effect(call, "inbox.updated", key=inbox.get("client_id"), subject=inbox["inbox_id"])
    return json_answer(200, public(updated))


def delete(world: World, call: Call) -> Answer:
    """Delete an inbox with its keys and mail; its address stays burned."""
    inbox = load(world, call)
    email = inbox["inbox_id"]
    revoke_all(world, call, email)
    for kind, name in (("am.message", "_key"), ("am.thread", "thread_id"), ("am.draft", "draft_id")):
        for item in world.store.find(kind, "inbox_id", email):
            world.store.delete(kind, item[name])
    world.store.delete("am.inbox", email)
    world.store.put("am.tombstone", email, {"inbox_id": email, "deleted_at": world.stamp()})
    world.effect(call, "inbox.deleted", key=inbox.get("client_id"), subject=email)
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/inboxes", "inboxes.create", create),
    Route("GET", "/inboxes", "inboxes.list", list_),
    Route("GET", "/inboxes/{inbox_id}", "inboxes.get", get),
    Route("PATCH", "/inboxes/{inbox_id}", "inboxes.update", update),
    Route("DELETE", "/inboxes/{inbox_id}", "inboxes.delete", delete),
)
