"""`GET /files/{token}`: a file in the local folder, for whoever has a link to it; S3 shows its own."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.gateway.errors import not_found
from services.gateway.media_types import SHOWN_IN_PLACE
from services.gateway.parts import Edge

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}
"""What keeps a browser from running anything that somebody uploaded."""


async def show_file(request: Request) -> Response:
    """Stream the file that the link names.

    Raises:
        ApiError: The link names none, has ended, or the file is gone (404).
    """
    edge = cast("Edge", request.app.state.edge)
    await edge.database.require()
    found = await edge.files.linked(request.path_params["token"])
    if found is None:
        raise not_found("file")
    file, chunks = found
    text = "; charset=utf-8" if file.mime_type.startswith("text/") else ""
    headers = {
        **HEADERS,
        "Content-Type": file.mime_type + text,
        "Content-Length": str(file.size),
        "Content-Disposition": disposition(file.name, file.mime_type),
    }
    return StreamingResponse(chunks, headers=headers)


def disposition(name: str, mime_type: str) -> str:
    """Return how a file is to be shown and called (RFC 6266): a name that needs it is given twice."""
    kind = "inline" if mime_type in SHOWN_IN_PLACE else "attachment"
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'


ROUTES = [Route("/files/{token}", show_file, methods=["GET"], include_in_schema=False)]
