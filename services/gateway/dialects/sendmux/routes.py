"""Every route of the Sendmux dialect; paths with a word come before those with an id in the same place."""

from __future__ import annotations

from starlette.routing import BaseRoute

from services.gateway.dialects.sendmux import (
    routes_availability,
    routes_changes,
    routes_domains,
    routes_filters,
    routes_keys,
    routes_mailboxes,
)

ROUTES: list[BaseRoute] = [
    route
    for routes in (
        routes_availability,
        routes_mailboxes,
        routes_changes,
        routes_keys,
        routes_filters,
        routes_domains,
    )
    for route in routes.router.routes
]
