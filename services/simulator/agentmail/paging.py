"""How AgentMail pages a listing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
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
