"""Every route of the Puffle dialect; paths with a word come before those with an id in the same place."""

from __future__ import annotations

from starlette.routing import BaseRoute

from services.gateway.dialects.puffle import (
    routes_accounts,
    routes_attachments,
    routes_domains,
    routes_messages,
    routes_senders,
    routes_threads,
    routes_warmups,
)

ROUTES: list[BaseRoute] = [
    route
    for routes in (
        routes_warmups,
        routes_accounts,
        routes_domains,
        routes_senders,
        routes_attachments,
        routes_messages,
        routes_threads,
    )
    for route in routes.router.routes
]
