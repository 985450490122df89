"""How AgentMail pages a listing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice

from services.simulator.agentmail.errors import invalid
from services.simulator.wire import Answer, Call, Json, json_answer

_DEFAULT_LIMIT = 20
_LARGEST_LIMIT = 100


def page(call: Call, items: list[Json], plural: str, view: Callable[[Json], Json]) -> Answer:
    """Return one page, newest first unless `ascending`; `items` come oldest first."""
    limit = _limit(call)
    ascending = call.first("ascending") == "true"
    token = call.first("page_token")
    if token is not None:
        edge = _edge(token)
        items = [item for item in items if (item["_n"] > edge if ascending else item["_n"] < edge)]
    ordered = items if ascending else items[::-1]
    shown = list(islice(ordered, limit))
    body: Json = {"count": len(shown), "limit": limit, plural: [view(item) for item in shown]}
    if len(ordered) > limit:
        body["next_page_token"] = base64.urlsafe_b64encode(str(shown[-1]["_n"]).encode()).decode()
    return json_answer(200, body)


def passes(call: Call, mail: Json, texts: Mapping[str, list[str]]) -> bool:
    """Say whether a message or thread passes the call's filters: labels, `before`, `after`, and substrings of texts."""
    if any(label not in mail["labels"] for label in _many(call, "labels")):
        return False
    for name, values in texts.items():
        for wanted in _many(call, name):
            if not any(wanted.lower() in value.lower() for value in values):
                return False
    at = datetime.fromisoformat(mail["timestamp"])
    after, before = _instant(call, "after"), _instant(call, "before")
    return (after is None or at > after) and (before is None or at < before)


def _many(call: Call, name: str) -> list[str]:
    """Return a filter's values, sent as repeated parameters or, as the official client does, as one JSON array."""
    values: list[str] = []
    for value in call.query.get(name, []):
        try:
            values += json.loads(value) if value.startswith("[") else [value]
        except ValueError:
            raise invalid([name], "Expected array") from None
    return values


def _instant(call: Call, name: str) -> datetime | None:
    text = call.first(name)
    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise invalid([name], "Expected date-time") from None
    return instant.replace(tzinfo=instant.tzinfo or UTC) if instant else None


def _limit(call: Call) -> int:
    try:
        limit = int(call.first("limit") or _DEFAULT_LIMIT)
    except ValueError:
        raise invalid(["limit"], "Expected integer") from None
    if limit < 1:
        raise invalid(["limit"], "Must be positive")
    return min(limit, _LARGEST_LIMIT)


def _edge(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error):
        raise invalid(["page_token"], "Invalid page token") from None
