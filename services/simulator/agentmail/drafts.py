"""AgentMail drafts: kept until they are sent, which deletes them."""

from __future__ import annotations

from services.simulator.agentmail import mail
from services.simulator.agentmail.errors import invalid, not_found
from services.simulator.agentmail.fields import addresses, checked
from services.simulator.agentmail.inboxes import load
from services.simulator.agentmail.messages import deliver, once
from services.simulator.agentmail.paging import page
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

_SHAPE = {
    "to": "list",
    "cc": "list",
    "bcc": "list",
    "reply_to": "list",
    "subject": "str",
    "text": "str",
    "html": "str",
    "attachments": "list",
    "labels": "list",
    "in_reply_to": "str",
    "forward_of": "str",
    "send_at": "str",
    "client_id": "str",
}
_NOT_LISTED = ("text", "html", "reply_to", "client_id", "references", "created_at")


def create(world: World, call: Call) -> Answer:
    """Create a draft, or give back the one this client_id made."""
    inbox, body = load(world, call), checked(call, _SHAPE)
    if "in_reply_to" in body and "forward_of" in body:
        raise invalid(["forward_of"], "Excludes in_reply_to")
    client_key = body.get("client_id")
    earlier = world.store.find("am.draft", "_client_key", client_key) if client_key else []
    if earlier:
        return json_answer(200, public(earlier[0]))
    now, draft_id = world.stamp(), world.uuid()
    fields = _fields(world, body)
    draft: Json = {
        "inbox_id": inbox["inbox_id"],
        "draft_id": draft_id,
        **fields,
        "labels": body.get("labels", []) + (["scheduled"] if "send_at" in body else []),
        "send_status": "scheduled" if "send_at" in body else None,
        "updated_at": now,
        "created_at": now,
        "_client_key": client_key,
        "_attachments": body.get("attachments"),
    }
    world.store.put("am.draft", draft_id, draft)
    world.effect(call, "draft.created", key=client_key, subject=draft_id)
    return json_answer(200, public(draft))


def _fields(world: World, body: Json) -> Json:
    lists = {
        name: addresses(body.get(name), name) for name in ("to", "cc", "bcc", "reply_to") if name in body
    }
    text = body.get("text")
    shown: Json = {**body, **lists, "preview": text[:100] if text else None}
    if "attachments" in body:
        shown["attachments"] = mail.attachments(world, body["attachments"])
    return shown


def _load(world: World, call: Call) -> Json:
    draft = world.store.get("am.draft", call.params["draft_id"])
    inbox_id = call.params.get("inbox_id", call.scope_inbox)
    if draft is None or (inbox_id is not None and draft["inbox_id"] != inbox_id.lower()):
        raise not_found("Draft")
    return draft


def get(world: World, call: Call) -> Answer:
    """Return one draft."""
    return json_answer(200, public(_load(world, call)))


def list_(world: World, call: Call) -> Answer:
    """Return a page of drafts, of one inbox or of all."""
    inbox_id = load(world, call)["inbox_id"] if "inbox_id" in call.params else call.scope_inbox
    items = world.store.find("am.draft", "inbox_id", inbox_id) if inbox_id else world.store.all("am.draft")
    return page(call, items, "drafts", _item)


def _item(draft: Json) -> Json:
    return {name: value for name, value in public(draft).items() if name not in _NOT_LISTED}


def update(world: World, call: Call) -> Answer:
    """Change a draft; null clears a field."""
    draft, body = _load(world, call), checked(call, _SHAPE)
    cleared = {name: None for name in _SHAPE if name in call.fields() and call.fields()[name] is None}
    changed = {**draft, **_fields(world, body), **cleared, "updated_at": world.stamp()}
    if "attachments" in body:
        changed["_attachments"] = body["attachments"]
    if "send_at" in call.fields():
        changed["send_status"] = "scheduled" if body.get("send_at") else None
        plain = [label for label in changed.get("labels") or [] if label != "scheduled"]
        changed["labels"] = [*plain, "scheduled"] if body.get("send_at") else plain
    world.store.put("am.draft", draft["draft_id"], changed)
    world.effect(call, "draft.updated", key=draft.get("client_id"), subject=draft["draft_id"])
    return json_answer(200, public(changed))


def send(world: World, call: Call) -> Answer:
    """Send a draft and delete it: without an Idempotency-Key a repeat finds nothing."""
    return once(world, call, lambda: _send(world, call))


def _send(world: World, call: Call) -> Json:
    draft, inbox = _load(world, call), load(world, call)
    added = checked(call, {"add_labels": "list", "remove_labels": "list"})
    dropped = {"scheduled", *added.get("remove_labels", [])}
    labels = [label for label in draft.get("labels") or [] if label not in dropped] + added.get(
        "add_labels", []
    )
    replied = draft.get("in_reply_to")
    parent = world.store.get("am.message", mail.message_key(inbox["inbox_id"], replied)) if replied else None
    fields = {**public(draft), "labels": labels, "attachments": draft.get("_attachments")}
    sent = deliver(world, call, inbox, fields, parent)
    world.store.delete("am.draft", draft["draft_id"])
    return sent


def delete(world: World, call: Call) -> Answer:
    """Throw a draft away."""
    draft = _load(world, call)
    world.store.delete("am.draft", draft["draft_id"])
    world.effect(call, "draft.deleted", key=draft.get("client_id"), subject=draft["draft_id"])
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("GET", "/drafts", "drafts.list", list_),
    Route("GET", "/drafts/{draft_id}", "drafts.get", get),
    Route("POST", "/inboxes/{inbox_id}/drafts", "drafts.create", create),
    Route("GET", "/inboxes/{inbox_id}/drafts", "drafts.list", list_),
    Route("GET", "/inboxes/{inbox_id}/drafts/{draft_id}", "drafts.get", get),
    Route("PATCH", "/inboxes/{inbox_id}/drafts/{draft_id}", "drafts.update", update),
    Route("DELETE", "/inboxes/{inbox_id}/drafts/{draft_id}", "drafts.delete", delete),
    Route("POST", "/inboxes/{inbox_id}/drafts/{draft_id}/send", "drafts.send", send),
)
