"""Rendering the final answer of a request: once, in the words of the dialect it was asked in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.gateway.dialects import puffle
from services.gateway.dialects.sendmux import answers as sendmux
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.security.keys import KeyKind
from services.gateway.views import AccountView, DomainView
from shared.contracts.answers import RequestAnswered
from shared.contracts.requests import Dialect

Render = Callable[
    [OpenRequest, RequestAnswered, AccountView | DomainView | None, Secrets | None], StoredResponse
]
"""Turns an answer into the response of the request's dialect; pure.

It gets what the answer is about, None if there is nothing to show, and the secrets that this kind of request shows, None
if there are none to show. A response with secrets in it says so (`is_secret`).
"""


@dataclass(frozen=True, slots=True)
class Renderer:
    """How a dialect words its answers; `reveals` names the requests whose answers show secrets, and the kind of key."""

    render: Render
    reveals: Mapping[RequestKind, KeyKind] = field(default_factory=dict)


RENDERERS: dict[Dialect, Renderer] = {
    Dialect.PUFFLE: Renderer(puffle.render_answer),
    Dialect.SENDMUX: Renderer(sendmux.render_answer, sendmux.REVEALS),
}


def render_answer(
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView | DomainView | None,
    secrets: Secrets | None = None,
) -> StoredResponse:
    """Return the response to store.

    Raises:
        LookupError: The request's dialect has no API.
    """
    return _renderer(request).render(request, answer, view, secrets)


def revealed_by(request: OpenRequest) -> KeyKind | None:
    """Return the kind of key that this request's answer shows beside the inbox's credential; None if it shows neither.

    Raises:
        LookupError: The request's dialect has no API.
    """
    return _renderer(request).reveals.get(request.kind)


def _renderer(request: OpenRequest) -> Renderer:
    renderer = RENDERERS.get(request.dialect)
    if renderer is None:
        raise LookupError(f"The dialect {request.dialect} has no API.")
    return renderer
