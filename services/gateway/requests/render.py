"""Rendering the final answer of a request: once, in the words of the dialect it was asked in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from services.gateway.dialects import puffle
from services.gateway.dialects.myagentmail import answers as myagentmail
from services.gateway.dialects.sendmux import answers as sendmux
from services.gateway.mail_servers import MailServers
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.security.keys import KeyKind
from services.gateway.views import View
from shared.contracts.answers import RequestAnswered
from shared.contracts.requests import Dialect

Render = Callable[[OpenRequest, RequestAnswered, View | None, Secrets | None], StoredResponse]
"""Turns an answer into the response of the request's dialect; pure.

It gets what the answer is about, None if there is nothing to show, and the secrets that this kind of request shows, None
if there are none to show. A response with secrets in it says so (`is_secret`).
"""

REVEALS: Mapping[Dialect, Mapping[RequestKind, KeyKind]] = {
    Dialect.MYAGENTMAIL: myagentmail.REVEALS,
    Dialect.SENDMUX: sendmux.REVEALS,
}
"""The requests whose answers show an inbox's credential, and the kind of key that goes with it."""


def rendering(servers: MailServers) -> Render:
    """Return how this installation words answers; `servers` are where mail clients reach its inboxes."""
    renderers: dict[Dialect, Render] = {
        Dialect.PUFFLE: puffle.render_answer,
        Dialect.MYAGENTMAIL: partial(myagentmail.render_answer, servers),
        Dialect.SENDMUX: partial(sendmux.render_answer, servers),
    }

    def render(
        request: OpenRequest,
        answer: RequestAnswered,
        view: View | None,
        secrets: Secrets | None = None,
    ) -> StoredResponse:
        if request.dialect not in renderers:
            raise LookupError(f"The dialect {request.dialect} has no API.")
        return renderers[request.dialect](request, answer, view, secrets)

    return render


def revealed_by(request: OpenRequest) -> KeyKind | None:
    """Return the kind of key that this request's answer shows beside the inbox's credential; None if it shows neither."""
    return REVEALS.get(request.dialect, {}).get(request.kind)
