"""The one place that builds HTTP clients: all four timeouts, no hidden retries, no redirects, a pool that scales.

httpx's own pool does work that grows with the square of its connections, so requests go through aiohttp's.
"""

from __future__ import annotations

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from shared.observability.tracing import current_request_id, current_traceparent

CONNECT_SECONDS = 5.0


def build_client(
    base_url: str,
    *,
    headers: dict[str, str] | None = None,
    read_seconds: float = 30.0,
    connections: int = 128,
) -> httpx.AsyncClient:
    """Build a client for one server; each call is made once, and what it is done for is sent along."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=httpx.Timeout(
            connect=CONNECT_SECONDS, read=read_seconds, write=read_seconds, pool=CONNECT_SECONDS
        ),
        limits=limits,
        transport=_OneAttemptTransport(limits=limits),
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [_send_origin]},
    )


class _OneAttemptTransport(AiohttpTransport):
    """aiohttp's pool without two habits that would hide or repeat an effect.

    aiohttp repeats GET, PUT and DELETE by itself when a kept connection is cut, and the bridge to httpx reports a cut
    in the middle of a call as a connect timeout, as if nothing had been sent.
    """

    def get_client(self) -> aiohttp.ClientSession:
        session = super().get_client()
        session._retry_connection = False  # noqa: SLF001  aiohttp has no public switch for it
        return session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            if isinstance(error.__cause__, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
                raise
            raise httpx.ReadError(str(error), request=request) from error.__cause__


async def _send_origin(request: httpx.Request) -> None:
    traceparent = current_traceparent()
    if traceparent is not None:
        request.headers["traceparent"] = traceparent
    request_id = current_request_id()
    if request_id is not None:
        request.headers["x-request-id"] = str(request_id)
