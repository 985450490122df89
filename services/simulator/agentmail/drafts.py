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
_CHANGEABLE = {
    name: kind for name, kind in _SHAPE.items() if name not in {"labels", "client_id", "attachments"}
}
_DELTAS = {
    "add_labels": "list",
    "remove_labels": "list",
    "add_attachments": "list",
    "remove_attachments": "list",
}
_ADDRESSED = ("to", "cc", "bcc", "reply_to")
_PREVIEW_LENGTH = 100
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
    lists: Json = {name: addresses(body.get(name), name) for name in _ADDRESSED if name in body}
    shown: Json = {**body, **lists}
    if "text" in body:
        shown["preview"] = body["text"][:_PREVIEW_LENGTH]
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
    draft, sent = _load(world, call), call.fields()
    body = checked(call, {**_CHANGEABLE, **_DELTAS})
    cleared = {name: None for name in _CHANGEABLE if name in sent and sent[name] is None}
    fields = _fields(world, {name: value for name, value in body.items() if name in _CHANGEABLE})
    changed: Json = {
        **draft,
        **fields,
        **cleared,
        **_relabelled(draft, body, rescheduled="send_at" in sent),
        "updated_at": world.stamp(),
    }
    if "add_attachments" in body or "remove_attachments" in body:
        gone = body.get("remove_attachments", [])
        kept = zip(draft.get("attachments") or [], draft.get("_attachments") or [], strict=True)
        pairs = [pair for pair in kept if pair[0]["attachment_id"] not in gone]
        added = body.get("add_attachments", [])
        shown = [one for one, _ in pairs] + (mail.attachments(world, added) or [])
        changed |= {"attachments": shown or None, "_attachments": [one for _, one in pairs] + added}
    if "send_at" in sent:
        changed["send_status"] = "scheduled" if body.get("send_at") else None
    world.store.put("am.draft", draft["draft_id"], changed)
    world.effect(call, "draft.updated", key=draft.get("client_id"), subject=draft["draft_id"])
    return json_answer(200, public(changed))


def _relabelled(draft: Json, body: Json, *, rescheduled: bool) -> Json:
    gone = {"scheduled"} if rescheduled else set()
    gone |= set(body.get("remove_labels", []))
    added = [*body.get("add_labels", []), *(["scheduled"] if "send_at" in body else [])]
    kept = [label for label in draft["labels"] if label not in gone]
    return {"labels": kept + [label for label in added if label not in kept]}


def send(world: World, call: Call) -> Answer:
    """Send a draft and delete it: without an Idempotency-Key a repeat finds nothing."""
    return once(world, call, lambda: _send(world, call))


def _send(world: World, call: Call) -> Json:
    draft, inbox = _load(world, call), load(world, call)
    added = checked(call, {"add_labels": "list", "remove_labels": "list"})
    dropped = {"scheduled", *added.get("remove_labels", [])}
    labels = [label for label in draft["labels"] if label not in dropped] + added.get("add_labels", [])
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
