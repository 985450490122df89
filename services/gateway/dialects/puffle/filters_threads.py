"""Which threads a list is about: the words of its parameters, and the conditions they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.gateway.calls import Call
from services.gateway.dialects.puffle.parameters import an_id, flag
from services.gateway.errors import invalid
from services.gateway.projection_threads import InboxState
from services.gateway.queries_threads import Matching
from services.gateway.texts import LONGEST_ADDRESS, has_controls
from shared.contracts.threads import Channel, ThreadStatus

UNREAD = "p.received > coalesce(r.received, 0)"
VIEWS: Mapping[str, str] = {
    "inbox": "(p.status = 'active' and p.received > 0)",
    "needs_reply": "p.inbox_state = 'needs_reply'",
    "active_thread": "p.inbox_state = 'active_thread'",
    "sent": "p.inbox_state in ('sent_one_off', 'sent_campaign')",
    "drafts": "p.inbox_state = 'draft'",
    "archived": "p.inbox_state = 'archived'",
    "unread": f"({UNREAD})",
    "bounced": "p.is_bounced",
}
STATUSES = tuple(each.value for each in ThreadStatus if each is not ThreadStatus.ERASED)
INBOX_STATES = tuple(each.value for each in InboxState)
CHANNELS = tuple(each.value for each in Channel)
LONGEST_SEARCH = 200

_NARROWING = ("view", "inbox_state", "status", "unread", "bounced")
"""Parameters that say where a thread stands; without any of them a list shows the inbox."""
_WRITTEN = """
    exists (select from content.part c where c.thread_id = p.id
        and (c.body->>'subject' ilike {value} or c.body->>'text' ilike {value}))
"""


class _Conditions:
    """Conditions, with the values that they refer to by their place."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition in which `{value}` stands for a value."""
        for value in values:
            self.values.append(value)
            condition = condition.replace("{value}", f"${len(self.values) + 2}")
        self.conditions.append(condition)


def matching(call: Call) -> Matching:
    """Return which threads the call's parameters ask for: what one parameter lists is one of, and all must hold.

    Raises:
        ApiError: A parameter makes no sense (400).
    """
    found = _Conditions()
    _standing(call, found)
    _about(call, found)
    return Matching(tuple(found.conditions), tuple(found.values))


def _standing(call: Call, found: _Conditions) -> None:
    """Add where the threads stand."""
    given = call.http.query_params
    if views := _words(call, "view", tuple(VIEWS)):
        found.add("(" + " or ".join(VIEWS[each] for each in views) + ")")
    if states := _words(call, "inbox_state", INBOX_STATES):
        found.add("p.inbox_state = any({value}::text[])", states)
    if statuses := _words(call, "status", STATUSES):
        found.add("p.status = any({value}::text[])", statuses)
    for name, condition in (("unread", UNREAD), ("bounced", "p.is_bounced")):
        if name in given:
            found.add(condition if flag(name, given[name]) else f"not ({condition})")
    if not any(given.get(name) for name in _NARROWING):
        found.add(VIEWS["inbox"])


def _about(call: Call, found: _Conditions) -> None:
    """Add whom and what the threads are about."""
    if channels := _words(call, "channel", CHANNELS):
        found.add("p.channel = any({value}::text[])", channels)
    for name in ("sender_id", "account_id"):
        if (sender := an_id(call, name)) is not None:
            found.add("p.account_id = {value}", sender)
    if an_id(call, "campaign_id") is not None:
        found.add("false")  # no thread belongs to a campaign
    if (address := participant(call)) is not None:
        found.add("p.participant_email = {value}", address)
    if (left_out := an_id(call, "exclude_thread_id")) is not None:
        found.add("p.id <> {value}", left_out)
    if text := _text(call, "search", LONGEST_SEARCH):
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        people = "p.participant_email ilike {value} or p.participant_name ilike {value}"
        found.add(f"({people} or {_WRITTEN})", pattern)


def participant(call: Call) -> str | None:
    """Return the recipient that the call asks for, in lower case; None if it asks for none."""
    text = _text(call, "participant_email", LONGEST_ADDRESS)
    return text.lower() if text else None


def wants_options(call: Call) -> bool:
    """Return whether the values to filter by are to be told.

    Raises:
        ApiError: Something else is to be included (400).
    """
    return bool(_words(call, "include", ("filter_options",)))


def _words(call: Call, name: str, known: tuple[str, ...]) -> list[str]:
    words = [each for each in call.http.query_params.get(name, "").split(",") if each]
    if not set(words) <= set(known):
        raise invalid(f"The parameter {name} must be a comma-separated list of {', '.join(known)}.")
    return words


def _text(call: Call, name: str, longest: int) -> str | None:
    text = call.http.query_params.get(name)
    if text is not None and (len(text) > longest or has_controls(text)):
        raise invalid(f"The parameter {name} must be text of at most {longest} characters.")
    return text
