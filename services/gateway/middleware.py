"""What happens to every call: an id, a trace, a count, and our own error body for whatever goes wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.dialects.puffle.errors import error_body
from services.gateway.errors import ApiError, internal_error, invalid, not_found, unavailable
from shared.clock import Ids
from shared.db.pool import OUTAGE
from shared.errors import Retryable
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.tracing import continue_trace, trace

log = get_logger(__name__)

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_CALL_ID = re.compile(r"[\x21-\x7e]{1,128}")


class EdgeMiddleware:
    """Wraps the whole app; plain ASGI, so that a client that leaves is noticed by the route that waits."""

    def __init__(self, app: ASGIApp, *, ids: Ids) -> None:
        self._app = app
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call_id = _call_id(_header(scope, b"x-request-id")) or str(self._ids.new())
        scope.setdefault("state", {})["call_id"] = call_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", call_id.encode())]
            await send(message)

        started = time.perf_counter()
        with (
            trace(continue_trace(_header(scope, b"traceparent"))),
            structlog.contextvars.bound_contextvars(call_id=call_id),
        ):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:
                if status:
                    raise
                await _answer(scope, error)(scope, receive, send_with_id)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                metrics.HTTP_REQUESTS.labels(scope["method"], route, status).inc()
                metrics.HTTP_SECONDS.labels(scope["method"], route).observe(time.perf_counter() - started)


async def answer_refusal(request: Request, error: Exception) -> Response:
    """Answer what the framework or a route refused; registered for `REFUSALS`."""
    return _answer(request.scope, error)


REFUSALS: dict[int | type[Exception], Handler] = {
    ApiError: answer_refusal,
    HTTPException: answer_refusal,
    RequestValidationError: answer_refusal,
}
"""Exception handlers of the app; everything else reaches the middleware."""


def _answer(scope: Scope, error: Exception) -> Response:
    refusal = _as_api_error(scope, error)
    body = error_body(refusal, scope["state"]["call_id"])
    return Response(body, refusal.status, {**refusal.headers, "Content-Type": "application/json"})


def _as_api_error(scope: Scope, error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case Retryable():
            return unavailable(error.retry_after)
        case _ if isinstance(error, OUTAGE):
            log.warning("call_without_database", error=type(error).__name__)
            return unavailable()
        case HTTPException(status_code=405):
            return ApiError(
                405,
                "method_not_allowed",
                "The path does not know this method.",
                headers={"Allow": _methods(scope)},
            )
        case HTTPException(status_code=404):
            return not_found("path")
        case HTTPException() | RequestValidationError():
            return invalid("The call is malformed.")
        case _:
            log.error("call_crashed", exc_info=error)
            return internal_error()


def _methods(scope: Scope) -> str:
    routes: list[BaseRoute] = scope["app"].router.routes
    found = [
        route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
    ]
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))


def _header(scope: Scope, name: bytes) -> str | None:
    value = next((value for key, value in scope["headers"] if key == name), None)
    return value.decode("latin-1") if value is not None else None


def _call_id(given: str | None) -> str | None:
    return given if given is not None and _CALL_ID.fullmatch(given) else None
