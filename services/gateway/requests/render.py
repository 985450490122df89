"""Rendering the final answer of a request: once, in the words of the dialect it was asked in."""

from __future__ import annotations

from services.gateway.dialects import puffle
from services.gateway.requests.model import OpenRequest, StoredResponse
from services.gateway.views import AccountView, DomainView
from shared.contracts.answers import RequestAnswered
from shared.contracts.requests import Dialect

_RENDERERS = {Dialect.PUFFLE: puffle.render_answer}


def render_answer(
    request: OpenRequest, answer: RequestAnswered, view: AccountView | DomainView | None
) -> StoredResponse:
    """Return the response to store; `view` is what the answer is about, None if there is nothing to show.

    Raises:
        LookupError: The request's dialect has no API.
    """
    renderer = _RENDERERS.get(request.dialect)
    if renderer is None:
        raise LookupError(f"The dialect {request.dialect} has no API.")
    return renderer(request, answer, view)
