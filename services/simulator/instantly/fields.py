"""Which bodies Instantly accepts, in the words of its schema validator."""

from __future__ import annotations

from services.simulator.instantly.errors import refusal
from services.simulator.wire import Call, Json

_LARGEST_LIMIT = 100


def body_of(call: Call, required: dict[str, str], optional: dict[str, str] | None = None) -> Json:
    """Return the known fields of the body; unknown ones are ignored, a missing or mistyped one is a 400."""
    if not isinstance(call.body, dict):
        raise refusal(400, "body must be object")
    for name in required:
        if name not in call.body:
            raise refusal(400, f"body must have required property '{name}'")
    known = {**required, **(optional or {})}
    present = {name: call.body[name] for name in known if name in call.body}
    for name, value in present.items():
        if not _fits(value, known[name]):
            raise refusal(400, f"body/{name} must be {known[name]}")
    return present


def _fits(value: object, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "strings":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    types: dict[str, type] = {"string": str, "boolean": bool, "object": dict}
    return kind == "any" or isinstance(value, types[kind])


def emails_of(body: Json, *, at_least: int = 0) -> list[str]:
    """Return the `emails` of a body in lower case; at most 100."""
    emails = [email.lower() for email in body.get("emails", [])]
    if len(emails) > _LARGEST_LIMIT:
        raise refusal(400, f"body/emails must NOT have more than {_LARGEST_LIMIT} items")
    if len(emails) < at_least:
        raise refusal(400, f"body/emails must NOT have fewer than {at_least} items")
    return emails


def page(call: Call, items: list[Json], key: str) -> Json:
    """Return one page of a listing, oldest first, and the cursor of the next one."""
    try:
        limit = min(max(int(call.first("limit") or 10), 1), _LARGEST_LIMIT)
    except ValueError:
        raise refusal(400, "querystring/limit must be integer") from None
    cursor = call.first("starting_after")
    if cursor:
        edges = [index for index, item in enumerate(items) if item[key] == cursor]
        items = items[edges[0] + 1 :] if edges else []
    shown = items[:limit]
    result: Json = {"items": shown}
    if len(items) > limit:
        result["next_starting_after"] = shown[-1][key]
    return result
