"""What AgentMail reports by webhook, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from services.threads.domain.arriving import Mishap, bare
from services.threads.ports import Mail, Unreadable
from services.threads.ports_inbound import RECEIVED
from services.threads.providers.agentmail_mail import BROKEN, mail_of

Kind = Literal["bounced", "complained", "rejected"]

_MISHAPS: Mapping[str, tuple[Kind, str]] = {
    "message.bounced": ("bounced", "bounce"),
    "message.complained": ("complained", "complaint"),
    "message.rejected": ("rejected", "reject"),
}
_PASSING = "transient"


def read_report(event_type: str, payload: Mapping[str, Any]) -> Mail | Mishap:
    """Return the mail that arrived, or what befell one that left.

    Raises:
        Unreadable: It lacks what such an event has.
    """
    try:
        if event_type == RECEIVED:
            return mail_of(payload["message"])
        kind, name = _MISHAPS[event_type]
        return _mishap(kind, payload[name])
    except BROKEN:
        # Nothing of the payload may be in what is raised.
        raise Unreadable(f"What was reported as {event_type} cannot be read.") from None


def _mishap(kind: Kind, told: Mapping[str, Any]) -> Mishap:
    recipients = [
        each["address"] if isinstance(each, Mapping) else each for each in told.get("recipients") or ()
    ]
    return Mishap(
        kind=kind,
        inbox_id=str(told["inbox_id"]).lower(),
        message_id=str(told["message_id"]),
        recipients=bare(str(each) for each in recipients),
        is_passing=str(told.get("type", "")).lower() == _PASSING,
    )
