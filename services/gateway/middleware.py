"""What happens to every call: an id, a trace, a count, and an error body of its dialect for whatever goes wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.dialects.edge import DialectEdge
from services.gateway.dialects.registry import edge_of
from services.gateway.errors import ApiError, internal_error, invalid, not_found, unavailable
from services.gateway.paths import methods
from services.gateway.security.rates import Limits, Rate
from shared.clock import Clock, Ids
from shared.db.pool import OUTAGE
from shared.errors import Retryable
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.tracing import continue_trace, trace

log = get_logger(__name__)

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


class EdgeMiddleware:
    """Wraps the whole app; plain ASGI, so that a client that leaves is noticed by the route that waits."""

    def __init__(self, app: ASGIApp, *, clock: Clock, ids: Ids, limits: Limits) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        dialect = edge_of(scope["path"])
        call_id = dialect.call_id(_header(scope, b"x-request-id"), self._ids)
        scope.setdefault("state", {}).update(call_id=call_id, dialect=dialect)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name.lower() for name, _ in message.get("headers", ())}
                more = [each for each in self._headers(scope, dialect, call_id) if each[0] not in own]
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        started = time.perf_counter()
        with (
            trace(continue_trace(_header(scope, b"traceparent"))),
            structlog.contextvars.bound_contextvars(call_id=call_id),
        ):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as error:
                if status:
                    raise
                await _answer(scope, error)(scope, receive, send_with_headers)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                metrics.HTTP_REQUESTS.labels(scope["method"], route, status).inc()
                metrics.HTTP_SECONDS.labels(scope["method"], route).observe(time.perf_counter() - started)

    def _headers(self, scope: Scope, dialect: DialectEdge, call_id: str) -> list[tuple[bytes, bytes]]:
        """Return what every response of this dialect carries; a stored answer may carry its own call's id."""
        headers = [(b"x-request-id", call_id.encode())]
        headers += [(name.encode(), value.encode()) for name, value in dialect.headers]
        if dialect.shows_rate and self._limits.of(dialect.dialect):
            rate: Rate = scope["state"].get("rate") or self._limits.fresh(dialect.dialect, self._clock.now())
            headers += [
                (b"x-ratelimit-limit", str(rate.limit).encode()),
                (b"x-ratelimit-remaining", str(rate.left).encode()),
                (b"x-ratelimit-reset", str(math.ceil(rate.ends_at.timestamp())).encode()),
            ]
        return headers


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
    state = scope["state"]
    dialect: DialectEdge = state["dialect"]
    return dialect.refuse(_as_api_error(scope, error), state["call_id"])


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
            allowed = ", ".join(methods(scope["app"].router.routes, scope))
            return ApiError(
                405, "method_not_allowed", f"This path takes {allowed}.", headers={"Allow": allowed}
            )
        case HTTPException(status_code=404):
            return not_found("path")
        case HTTPException() | RequestValidationError():
            return invalid("The call is malformed.")
        case _:
            log.error("call_crashed", exc_info=error)
            return internal_error()


def _header(scope: Scope, name: bytes) -> str | None:
    value = next((value for key, value in scope["headers"] if key == name), None)
    return value.decode("latin-1") if value is not None else None
