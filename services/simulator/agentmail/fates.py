"""What becomes of mail that left: delivered, bounced, complained of or rejected, by the names of its recipients or by hand."""

from __future__ import annotations

from collections.abc import Sequence

from services.simulator.agentmail.delivery import emit
from services.simulator.agentmail.mail import message_key
from services.simulator.wire import Json
from services.simulator.world import World, local_part_begins

BOUNCE, COMPLAIN, REJECT = "bounce", "complain", "reject"


def announce_sent(world: World, message: Json) -> None:
    """Emit what AgentMail emits about a message that left: sent, and then what became of it with each recipient."""
    to = recipients_of(message)
    emit(world, "message.sent", {"send": _facts(message, to)}, message["inbox_id"])
    rejected, bounced = _named(to, REJECT), _named(to, BOUNCE)
    if rejected:
        reject(world, message, "Content is not allowed")
        return
    if bounced:
        bounce(world, message, bounced)
    delivered = [address for address in to if address not in bounced]
    if delivered:
        emit(world, "message.delivered", {"delivery": _facts(message, delivered)}, message["inbox_id"])
    if complaining := _named(to, COMPLAIN):
        complain(world, message, complaining)


def bounce(world: World, message: Json, recipients: Sequence[str], kind: str = "Permanent") -> None:
    """Let a message come back from these recipients; `kind` is Permanent, Transient or Undetermined."""
    _label(world, message, "bounced")
    statuses = [{"address": address, "status": "5.1.1"} for address in recipients]
    facts = {**_facts(message, []), "type": kind, "sub_type": "General", "recipients": statuses}
    emit(world, "message.bounced", {"bounce": facts}, message["inbox_id"])


def complain(world: World, message: Json, recipients: Sequence[str]) -> None:
    """Let these recipients call a message spam."""
    _label(world, message, "complained")
    facts = {**_facts(message, recipients), "type": "abuse", "sub_type": "General"}
    emit(world, "message.complained", {"complaint": facts}, message["inbox_id"])


def reject(world: World, message: Json, reason: str) -> None:
    """Let the provider's own mail server refuse a message that its API had taken."""
    _label(world, message, "rejected")
    facts = {name: value for name, value in _facts(message, []).items() if name != "recipients"}
    emit(world, "message.rejected", {"reject": {**facts, "reason": reason}}, message["inbox_id"])


def recipients_of(message: Json) -> list[str]:
    """Return everybody a message went to."""
    return [*message["to"], *(message.get("cc") or []), *(message.get("bcc") or [])]


def _named(addresses: Sequence[str], beginning: str) -> list[str]:
    return [address for address in addresses if local_part_begins(address, beginning)]


def _facts(message: Json, recipients: Sequence[str]) -> Json:
    names = ("inbox_id", "thread_id", "message_id", "timestamp")
    return {**{name: message[name] for name in names}, "recipients": list(recipients)}


def _label(world: World, message: Json, label: str) -> None:
    key = message_key(message["inbox_id"], message["message_id"])
    stored = world.store.get("am.message", key)
    if stored is not None and label not in stored["labels"]:
        world.store.put("am.message", key, {**stored, "labels": [*stored["labels"], label]})
