"""How Instantly says no: one uniform body."""

from __future__ import annotations

from http import HTTPStatus

from services.simulator.wire import Answer, Call, Refusal, json_answer
from services.simulator.world import World

_MESSAGES = {
    400: "Bad request",
    401: "Invalid API key",
    402: "Your workspace does not have an active paid plan",
    404: "Resource not found",
    409: "Conflict",
    429: "Rate limit exceeded",
    500: "Something went wrong",
}


def error(status: int) -> Answer:
    """Return Instantly's ordinary answer for a status."""
    return _body(status, _MESSAGES.get(status, HTTPStatus(status).phrase))


def refusal(status: int, message: str) -> Refusal:
    """Return a refusal in Instantly's words."""
    return Refusal(_body(status, message))


def not_found() -> Refusal:
    """Return the 404."""
    return refusal(404, "Resource not found")


def _body(status: int, message: str) -> Answer:
    return json_answer(status, {"statusCode": status, "error": HTTPStatus(status).phrase, "message": message})


def authenticate(world: World, call: Call) -> None:
    """Accept any Bearer key."""
    header = call.headers.get("authorization")
    if header is None:
        raise refusal(401, "Missing Authorization header")
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise refusal(401, "Invalid API key")
    if world.knobs.plan_inactive:
        raise Refusal(error(402))


def accepts(call: Call) -> None:
    """Refuse a JSON content type without a body, as the server framework behind the API does."""
    if (
        not call.raw
        and call.method != "GET"
        and call.headers.get("content-type", "").startswith("application/json")
    ):
        raise refusal(400, "Body cannot be empty when content-type is set to 'application/json'")
