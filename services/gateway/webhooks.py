"""POST /webhooks/agentmail: what the inbox provider reports is taken in before it is acknowledged.

The path belongs to no dialect and has no API key: the signature is the key. It is not in the OpenAPI document, because
nobody but the provider, whose own reference describes these calls, could make one.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.bodies import read_bytes
from services.gateway.parts import Edge
from services.gateway.reports import not_signed
from services.gateway.webhook_signatures import claims_signature

AGENTMAIL = "agentmail"
LIMIT = 1_310_720
"""Largest body in bytes: the provider's own bound is a megabyte, and what it wraps around a mail comes on top."""


async def agentmail(request: Request) -> Response:
    """Take in one event of AgentMail's."""
    edge: Edge = request.app.state.edge
    if not claims_signature(request.headers):
        raise not_signed()
    await edge.reports.take(AGENTMAIL, request.headers, await read_bytes(request, LIMIT))
    return Response(status_code=204)


ROUTES = [Route("/webhooks/agentmail", agentmail, methods=["POST"], include_in_schema=False)]
