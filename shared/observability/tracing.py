"""W3C trace context: read at the HTTP edge, kept in event rows, carried in record headers, sent to providers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_request: ContextVar[UUID | None] = ContextVar("request_id", default=None)


def current_traceparent() -> str | None:
    """Return the trace context of the work in hand, if it has one."""
    return _current.get()


def continue_trace(traceparent: str | None) -> str:
    """Return a valid trace context: the given one if it is well-formed, else a new root."""
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
        return traceparent
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def current_request_id() -> UUID | None:
    """Return the request the work in hand is done for, if there is one."""
    return _request.get()


@contextmanager
def trace(traceparent: str | None, request_id: UUID | None = None) -> Iterator[None]:
    """Do the work of the block under this trace context and for this request."""
    tokens = _current.set(traceparent), _request.set(request_id)
    try:
        yield
    finally:
        _current.reset(tokens[0])
        _request.reset(tokens[1])
