"""AgentMail messages: sent once per Idempotency-Key, read, labelled and deleted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from services.simulator.agentmail import fates, mail
from services.simulator.agentmail.errors import invalid, not_found, refusal
from services.simulator.agentmail.fields import CLIENT_ID, checked
from services.simulator.agentmail.inboxes import load, load_settled
from services.simulator.agentmail.paging import page, passes
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

_KEY_LIFE_DAYS = 1.0
_SHAPE = {
    "to": "str or list",
    "cc": "str or list",
    "bcc": "str or list",
    "reply_to": "str or list",
    "subject": "str",
    "text": "str",
    "html": "str",
    "attachments": "list",
    "headers": "map",
    "labels": "list",
    "reply_all": "bool",
    "track_opens": "bool",
}


def once(world: World, call: Call, work: Callable[[], Json]) -> Answer:
    """Do the work once per Idempotency-Key of the organisation; another content, or a call still running, is a 409."""
    key = call.headers.get("idempotency-key")
    if key is None:
        return json_answer(200, work())
    if not CLIENT_ID.fullmatch(key):
        raise invalid(["Idempotency-Key"], "Must be 1-256 characters of A-Z a-z 0-9 - . _ ~")
    if world.running_keys[key] > 0:
        raise refusal(409, "conflict", "A request with this idempotency key is in progress")
    content = json.dumps([call.path, call.body], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    earlier = world.store.get("am.sent", key)
    if earlier is not None and world.real_days() < earlier["until_day"]:
        if earlier["digest"] != digest:
            raise refusal(409, "conflict", "Idempotency key was used with different content")
        return json_answer(200, earlier["result"])
    result = work()
    kept = {"digest": digest, "result": result, "until_day": world.real_days() + _KEY_LIFE_DAYS}
    world.store.put("am.sent", key, kept)
    return json_answer(200, result)


def deliver(world: World, call: Call, inbox: Json, fields: Json, parent: Json | None = None) -> Json:
    """Send a mail from an inbox and return `message_id` and `thread_id`."""
    if inbox.get("status") == "paused":
        raise refusal(403, "message_rejected", "Inbox is paused", "MessageRejectedError")
    domain = world.store.get("am.domain", inbox["_domain"])
    if inbox["_domain"] != "agentmail.to" and (domain is None or domain["status"] != "VERIFIED"):
        raise refusal(403, "domain_not_verified", "Domain is not verified")
    sent = {
        **fields,
        **mail.recipients(fields),
        "from": _from(inbox),
        "message_id": _given_id(world, fields),
        "attachments": mail.attachments(world, fields.get("attachments")),
    }
    message = mail.keep(
        world, inbox["inbox_id"], sent, labels=["sent", *fields.get("labels", [])], parent=parent
    )
    world.effect(call, "message.sent", key=call.headers.get("idempotency-key"), subject=message["message_id"])
    fates.announce_sent(world, message)
    return {"message_id": message["message_id"], "thread_id": message["thread_id"]}


def _given_id(world: World, fields: Json) -> str | None:
    """Return the Message-ID that the mail should have, if the provider cares."""
    if world.knobs.message_ids == "own":
        return None
    headers: Json = fields.get("headers") or {}
    return next((value for name, value in headers.items() if name.lower() == "message-id"), None)


def _from(inbox: Json) -> str:
    name = inbox.get("display_name")
    return f"{name} <{inbox['email']}>" if name else str(inbox["email"])


def send(world: World, call: Call) -> Answer:
    """Send a new mail."""
    return once(world, call, lambda: deliver(world, call, load_settled(world, call), checked(call, _SHAPE)))


def reply(world: World, call: Call) -> Answer:
    """Answer a message in its thread; recipients are derived when none are given."""
    return once(world, call, lambda: _reply(world, call, everyone=call.fields().get("reply_all") is True))


def reply_all(world: World, call: Call) -> Answer:
    """Answer everybody a message went to."""
    return once(world, call, lambda: _reply(world, call, everyone=True))


def _reply(world: World, call: Call, *, everyone: bool) -> Json:
    inbox, parent, fields = load(world, call), _load(world, call), checked(call, _SHAPE)
    if not fields.get("to"):
        own = inbox["inbox_id"]
        fields["to"] = parent.get("reply_to") or (
            parent["to"] if "sent" in parent["labels"] else [parent["from"]]
        )
        if everyone:
            fields["cc"] = [one for one in [*parent["to"], *(parent.get("cc") or [])] if own not in one]
    subject = parent.get("subject") or ""
    fields["subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    return deliver(world, call, inbox, fields, parent)


def forward(world: World, call: Call) -> Answer:
    """Send a message on to others, in its thread."""
    return once(world, call, lambda: _forward(world, call))


def _forward(world: World, call: Call) -> Json:
    inbox, parent, fields = load(world, call), _load(world, call), checked(call, _SHAPE)
    fields.setdefault("subject", f"Fwd: {parent.get('subject') or ''}")
    fields.setdefault("text", parent.get("text") or "")
    return deliver(world, call, inbox, fields, parent)


def _load(world: World, call: Call) -> Json:
    inbox = load(world, call)
    message = world.store.get("am.message", mail.message_key(inbox["inbox_id"], call.params["message_id"]))
    if message is None:
        raise not_found("Message")
    return message


def get(world: World, call: Call) -> Answer:
    """Return one message with its bodies."""
    return json_answer(200, public(_load(world, call)))


def list_(world: World, call: Call) -> Answer:
    """Return a page of an inbox's messages, filtered by labels and substrings."""
    items = world.store.find("am.message", "inbox_id", load(world, call)["inbox_id"])
    hidden = {label for label in mail.KEPT_OUT if call.first(f"include_{label}") != "true"}
    shown = [message for message in items if hidden.isdisjoint(message["labels"])]
    kept = [message for message in shown if passes(call, message, _texts(message))]
    return page(call, kept, "messages", mail.item)


def _texts(message: Json) -> dict[str, list[str]]:
    return {"from": [message["from"]], "to": message["to"], "subject": [message.get("subject") or ""]}


def update(world: World, call: Call) -> Answer:
    """Add and remove labels."""
    message = _load(world, call)
    body = checked(call, {"add_labels": "str or list", "remove_labels": "str or list"})
    add, remove = _many(body.get("add_labels")), _many(body.get("remove_labels"))
    labels = [label for label in message["labels"] if label not in remove]
    labels += [label for label in add if label not in labels]
    world.store.put("am.message", message["_key"], {**message, "labels": labels, "updated_at": world.stamp()})
    return json_answer(200, {"message_id": message["message_id"], "labels": labels})


def _many(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def delete(world: World, call: Call) -> Answer:
    """Delete one message."""
    message = _load(world, call)
    mail.forget(world, message)
    world.effect(call, "message.deleted", subject=message["message_id"])
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/inboxes/{inbox_id}/messages/send", "messages.send", send),
    Route("GET", "/inboxes/{inbox_id}/messages", "messages.list", list_),
    Route("GET", "/inboxes/{inbox_id}/messages/{message_id}", "messages.get", get),
    Route("PATCH", "/inboxes/{inbox_id}/messages/{message_id}", "messages.update", update),
    Route("DELETE", "/inboxes/{inbox_id}/messages/{message_id}", "messages.delete", delete),
    Route("POST", "/inboxes/{inbox_id}/messages/{message_id}/reply", "messages.reply", reply),
    Route("POST", "/inboxes/{inbox_id}/messages/{message_id}/reply-all", "messages.reply", reply_all),
    Route("POST", "/inboxes/{inbox_id}/messages/{message_id}/forward", "messages.forward", forward),
)
