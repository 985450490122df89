"""Instantly API v2: its routes and how the pipeline meets it."""

from services.simulator.instantly import accounts, analytics, jobs, tags, warmup
from services.simulator.instantly.errors import accepts, authenticate, error
from services.simulator.provider import Provider
from services.simulator.wire import Call


def subjects(call: Call) -> list[str]:
    """Return the addresses (or the tag label) a call is about."""
    body = call.fields()
    many = [*_texts(body.get("emails")), *_texts(body.get("resource_ids"))]
    named = [call.params.get("email"), body.get("email"), body.get("label"), call.params.get("id")]
    return [*many, *(value for value in named if isinstance(value, str))]


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


PROVIDER = Provider(
    name="instantly",
    prefix="/instantly/api/v2",
    routes=(*accounts.ROUTES, *warmup.ROUTES, *jobs.ROUTES, *analytics.ROUTES, *tags.ROUTES),
    authenticate=authenticate,
    error=error,
    accepts=accepts,
    subjects=subjects,
    delay=lambda _: 0.0,
)
