"""How a piece of mail is kept: its message, the thread it belongs to, and the events about it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from services.simulator.agentmail.delivery import emit
from services.simulator.agentmail.errors import invalid, refusal
from services.simulator.agentmail.fields import addresses
from services.simulator.wire import Json
from services.simulator.world import World, public

_MOST_RECIPIENTS = 50
_PREVIEW_LENGTH = 100
_LARGEST_WEBHOOK = 1_000_000
KEPT_OUT = ("spam", "blocked", "unauthenticated", "trash")
"""Labels of mail that listings leave out unless they are asked to include it."""
_BODY_FIELDS = ("text", "html", "extracted_text", "extracted_html", "headers")


def recipients(body: Json) -> Json:
    """Return to, cc, bcc and reply_to as lists; raises 422 when nobody is addressed or too many are."""
    lists = {name: addresses(body.get(name), name) for name in ("to", "cc", "bcc", "reply_to")}
    total = len(lists["to"]) + len(lists["cc"]) + len(lists["bcc"])
    if total == 0:
        raise refusal(422, "unprocessable", "At least one recipient is required")
    if total > _MOST_RECIPIENTS:
        raise refusal(422, "unprocessable", f"At most {_MOST_RECIPIENTS} recipients")
    return lists


def attachments(world: World, items: list[Any] | None) -> list[Json] | None:
    """Return the metadata of attachments that were sent along."""
    if not items:
        return None
    return [_attachment(world, item, index) for index, item in enumerate(items)]


def _attachment(world: World, item: Any, index: int) -> Json:
    if not isinstance(item, dict) or ("content" in item) == ("url" in item):
        raise invalid(["attachments", index], "Exactly one of content and url is required")
    try:
        size = len(base64.b64decode(item.get("content") or "", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise invalid(["attachments", index, "content"], "Expected base64") from None
    names = ("filename", "content_type", "content_disposition", "content_id")
    return {
        "attachment_id": world.uuid(),
        "size": size,
        **{name: item[name] for name in names if item.get(name)},
    }


def keep(world: World, inbox_id: str, fields: Json, *, labels: list[str], parent: Json | None = None) -> Json:
    """Store a message in its parent's thread or in a new one, and return it."""
    now = world.stamp()
    host = inbox_id.partition("@")[2]
    text = fields.get("text") or ""
    message: Json = {
        "inbox_id": inbox_id,
        "thread_id": parent["thread_id"] if parent else world.uuid(),
        "message_id": fields.get("message_id") or f"<{world.hex(32)}@{host}>",
        "labels": labels,
        "timestamp": now,
        "from": fields["from"],
        "reply_to": fields.get("reply_to") or None,
        "to": fields["to"],
        "cc": fields.get("cc") or None,
        "bcc": fields.get("bcc") or None,
        "subject": fields.get("subject"),
        "preview": text[:_PREVIEW_LENGTH] or None,
        "text": fields.get("text"),
        "html": fields.get("html"),
        "extracted_text": fields.get("text") if parent else None,
        "attachments": fields.get("attachments"),
        "in_reply_to": parent["message_id"] if parent else fields.get("in_reply_to"),
        "references": _references(parent) if parent else fields.get("references"),
        "headers": fields.get("headers"),
        "size": len(text) + len(fields.get("html") or ""),
        "updated_at": now,
        "created_at": now,
    }
    key = message_key(inbox_id, message["message_id"])
    stored = world.store.put("am.message", key, {**message, "_key": key})
    _rebuild_thread(world, message["thread_id"])
    return stored


def _references(parent: Json) -> list[str]:
    return [*(parent.get("references") or []), parent["message_id"]]


def message_key(inbox_id: str, message_id: str) -> str:
    """Return the key of a message: the same Message-ID may lie in two inboxes."""
    return f"{inbox_id} {message_id}"


def forget(world: World, message: Json) -> None:
    """Remove a message, and its thread once that is empty."""
    world.store.delete("am.message", message["_key"])
    _rebuild_thread(world, message["thread_id"])


def item(message: Json) -> Json:
    """Return a message as listings show it: without bodies."""
    return {name: value for name, value in public(message).items() if name not in _BODY_FIELDS}


def _rebuild_thread(world: World, thread_id: str) -> None:
    messages = world.store.find("am.message", "thread_id", thread_id)
    if not messages:
        world.store.delete("am.thread", thread_id)
        return
    first, last = messages[0], messages[-1]
    received = [message["timestamp"] for message in messages if "received" in message["labels"]]
    sent = [message["timestamp"] for message in messages if "sent" in message["labels"]]
    thread: Json = {
        "inbox_id": last["inbox_id"],
        "thread_id": thread_id,
        "labels": sorted({label for message in messages for label in message["labels"]}),
        "timestamp": last["timestamp"],
        "received_timestamp": received[-1] if received else None,
        "sent_timestamp": sent[-1] if sent else None,
        "senders": sorted({message["from"] for message in messages}),
        "recipients": sorted({address for message in messages for address in message["to"]}),
        "subject": first.get("subject"),
        "preview": last.get("preview"),
        "attachments": [one for message in messages for one in message.get("attachments") or []] or None,
        "last_message_id": last["message_id"],
        "message_count": len(messages),
        "size": sum(message["size"] for message in messages),
        "updated_at": world.stamp(),
        "created_at": first["created_at"],
    }
    world.store.put("am.thread", thread_id, thread)


def receive(world: World, inbox: Json, fields: Json, label: str | None = None) -> Json | None:
    """Let a mail arrive at an inbox and emit `message.received`; a paused inbox loses it.

    `label` (one of `KEPT_OUT`) is why it is kept out of sight; the event is then one of its own. A webhook carries no
    bodies that would make it larger than a megabyte.
    """
    if inbox.get("status") == "paused":
        return None
    replied = fields.get("in_reply_to")
    parent = world.store.get("am.message", message_key(inbox["inbox_id"], replied)) if replied else None
    labels = ["received", "unread", *([label] if label else [])]
    message = keep(world, inbox["inbox_id"], fields, labels=labels, parent=parent)
    thread = world.store.get("am.thread", message["thread_id"]) or {}
    is_large = message["size"] > _LARGEST_WEBHOOK
    payload = {"message": item(message) if is_large else public(message), "thread": public(thread)}
    emit(world, ".".join(("message.received", *([label] if label else ()))), payload, inbox["inbox_id"])
    return message
