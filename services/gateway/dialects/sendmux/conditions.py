"""Conditions and their answers: `If-None-Match` saves a reader what it has, `If-Match` a writer from what it has not seen."""

from __future__ import annotations

import re

from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.sendmux.errors import conflict, envelope
from services.gateway.dialects.sendmux.reads import Mailbox
from services.gateway.dialects.sendmux.render import MAILBOXES
from services.gateway.dialects.wire import JSON
from services.gateway.errors import invalid

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAGS = re.compile(rf"\s*{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*\s*")


def shown(call: Call, data: object, tag: str) -> Response:
    """Return a resource with its ETag, or 304 if the caller has this version of it.

    Raises:
        ApiError: The condition is malformed (400).
    """
    wanted = _tags(call, "if-none-match")
    if wanted is not None and _is_among(tag, wanted):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(envelope(data, call.id), 200, {"ETag": tag}, JSON)


def names_version(call: Call) -> bool:
    """Return whether the caller says which version it wants to change.

    Raises:
        ApiError: The condition is malformed (400).
    """
    return "*" not in (_tags(call, "if-match") or "*")


def require_match(call: Call, tag: str) -> None:
    """Check that this is a version that the caller wants to change, if it says which.

    Raises:
        ApiError: It is another one (409, with this one's ETag), or the condition is malformed (400).
    """
    wanted = _tags(call, "if-match")
    if wanted is not None and not _is_among(tag, wanted):
        raise conflict("The resource has changed since the version that If-Match names.", etag=tag)


def accepted(call: Call, mailbox: Mailbox, data: object) -> Response:
    """Return the answer of a call about a mailbox whose wait is over."""
    return Response(envelope(data, call.id), 202, {"Location": f"{MAILBOXES}/{mailbox.shown['id']}"}, JSON)


def _tags(call: Call, header: str) -> list[str] | None:
    values = call.http.headers.getlist(header)
    if not values:
        return None
    text = ", ".join(values).strip()
    if text == "*":
        return ["*"]
    if _TAGS.fullmatch(text) is None:
        name = header.title()
        raise invalid(
            f'The header {name} must be a list of ETags such as W/"0123456789abcdef", or *.', parameter=name
        )
    return _TAG.findall(text)


def _is_among(tag: str, wanted: list[str]) -> bool:
    # All our ETags are weak, and compared as such.
    return "*" in wanted or tag.removeprefix("W/") in {each.removeprefix("W/") for each in wanted}
