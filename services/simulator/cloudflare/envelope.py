"""How Cloudflare wraps every answer, and how it says no."""

from __future__ import annotations

from collections.abc import Callable

from services.simulator.wire import Answer, Call, Json, Refusal, json_answer
from services.simulator.world import World

_RATE_HEADERS = (("ratelimit", '"default";r=1199;t=300'), ("ratelimit-policy", '"default";q=1200;w=300'))
_BY_STATUS = {
    400: (6003, "Invalid request"),
    403: (10000, "Authentication error"),
    404: (7003, "Could not route to the requested object, perhaps your object identifier is invalid?"),
    429: (971, "Please wait and consider throttling your request speed"),
}


def found(result: object, info: Json | None = None) -> Answer:
    """Return a success."""
    body: Json = {"success": True, "errors": [], "messages": [], "result": result}
    if info is not None:
        body["result_info"] = info
    return json_answer(200, body, _RATE_HEADERS)


def paged(call: Call, items: list[Json], default: int, view: Callable[[Json], Json]) -> Answer:
    """Return one page of a listing; pages past the end are empty."""
    number, size = _number(call, "page", 1), _number(call, "per_page", default)
    shown = [view(item) for item in items[(number - 1) * size : number * size]]
    info: Json = {
        "page": number,
        "per_page": size,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": -(-len(items) // size),
    }
    return found(shown, info)


def _number(call: Call, name: str, default: int) -> int:
    text = call.first(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise refusal(400, 1003, f"Invalid {name}")
    return int(text)


def error(status: int) -> Answer:
    """Return Cloudflare's ordinary answer for a status."""
    code, message = _BY_STATUS.get(status, (status, "Internal error"))
    return _failed(status, {"code": code, "message": message})


def refusal(status: int, code: int, message: str) -> Refusal:
    """Return a refusal with Cloudflare's own code."""
    return Refusal(_failed(status, {"code": code, "message": message}))


def _failed(status: int, problem: Json) -> Answer:
    body: Json = {"success": False, "errors": [problem], "messages": [], "result": None}
    return json_answer(status, body, _RATE_HEADERS)


def authenticate(_: World, call: Call) -> None:
    """Accept any Bearer token; anything else is the provider's 400."""
    scheme, _space, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    raise Refusal(_failed(400, {"code": 6003, "message": "Invalid request headers", "error_chain": chain}))
