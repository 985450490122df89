"""Every route of the MyAgentMail dialect."""

from __future__ import annotations

from starlette.routing import BaseRoute

from services.gateway.dialects.myagentmail import (
    routes_addresses,
    routes_domains,
    routes_identity,
    routes_inboxes,
    routes_keys,
    routes_workspaces,
)

ROUTES: list[BaseRoute] = [
    route
    for routes in (
        routes_inboxes,
        routes_addresses,
        routes_domains,
        routes_workspaces,
        routes_keys,
        routes_identity,
    )
    for route in routes.router.routes
]
