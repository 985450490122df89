"""Cloudflare API v4, as far as DNS goes: its routes and how the pipeline meets it."""

from services.simulator.cloudflare import records, zones
from services.simulator.cloudflare.batch import ROUTES as BATCH_ROUTES
from services.simulator.cloudflare.envelope import authenticate, error
from services.simulator.provider import Provider
from services.simulator.wire import Call


def subjects(call: Call) -> list[str]:
    """Return the host names a call is about."""
    body = call.fields()
    posts = [one for one in body.get("posts") or [] if isinstance(one, dict)]
    named = [
        body.get("name"),
        call.first("name"),
        call.first("name.exact"),
        *(one.get("name") for one in posts),
    ]
    return [value.lower() for value in named if isinstance(value, str)]


PROVIDER = Provider(
    name="cloudflare",
    prefix="/cloudflare/client/v4",
    routes=(*zones.ROUTES, *BATCH_ROUTES, *records.ROUTES),
    authenticate=authenticate,
    error=error,
    accepts=lambda _: None,
    subjects=subjects,
    delay=lambda _: 0.0,
)
