"""The one place that builds HTTP clients: all four timeouts, no hidden retries, no redirects, a pool that scales.

httpx's own pool does work that grows with the square of its connections, so requests go through aiohttp's.
"""

from __future__ import annotations

import httpx
from httpx_aiohttp import AiohttpTransport

from shared.observability.tracing import current_traceparent

CONNECT_SECONDS = 5.0


def build_client(
    base_url: str,
    *,
    headers: dict[str, str] | None = None,
    read_seconds: float = 30.0,
    connections: int = 128,
) -> httpx.AsyncClient:
    """Build a client for one server; each call is made once, and its trace context is sent along."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=httpx.Timeout(
            connect=CONNECT_SECONDS, read=read_seconds, write=read_seconds, pool=CONNECT_SECONDS
        ),
        limits=limits,
        transport=AiohttpTransport(limits=limits),
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [_send_trace]},
    )


async def _send_trace(request: httpx.Request) -> None:
    traceparent = current_traceparent()
    if traceparent is not None:
        request.headers["traceparent"] = traceparent
