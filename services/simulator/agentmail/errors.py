"""How AgentMail says no."""

from __future__ import annotations

from services.simulator.wire import Answer, Json, Refusal, json_answer

_BY_STATUS = {
    400: ("ValidationError", "validation_error", "Invalid request"),
    401: ("UnauthorizedError", "unknown_api_key", "Unknown API key"),
    403: ("ForbiddenError", "forbidden", "Forbidden"),
    404: ("NotFoundError", "not_found", "Not found"),
    409: ("ConflictError", "conflict", "Conflict"),
    422: ("UnprocessableError", "unprocessable", "Unprocessable"),
    429: ("RateLimitError", "rate_limit_exceeded", "Rate limit exceeded"),
    503: ("ServiceUnavailableError", "service_unavailable", "Service unavailable"),
}


def error(status: int) -> Answer:
    """Return AgentMail's ordinary answer for a status."""
    name, code, message = _BY_STATUS.get(status, ("InternalError", "internal_error", "Internal server error"))
    return json_answer(status, {"name": name, "code": code, "message": message})


def refusal(status: int, code: str, message: str, name: str | None = None) -> Refusal:
    """Return a refusal with a code; the name defaults to the status's own."""
    legacy = name or _BY_STATUS.get(status, ("Error",))[0]
    return Refusal(json_answer(status, {"name": legacy, "code": code, "message": message}))


def invalid(path: list[str | int], message: str) -> Refusal:
    """Return the 400 for one bad field."""
    body: Json = {
        "name": "ValidationError",
        "code": "validation_error",
        "message": "Invalid request",
        "errors": [{"path": path, "message": message}],
    }
    return Refusal(json_answer(400, body))


def not_found(what: str) -> Refusal:
    """Return the 404, which is also the answer outside the key's scope."""
    return refusal(404, "not_found", f"{what} not found")


def taken(status: int, message: str) -> Refusal:
    """Return the refusal of a name somebody has or had."""
    return refusal(status, "resource_taken", message, "IsTakenError")
