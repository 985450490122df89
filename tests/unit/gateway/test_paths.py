"""A path of words and one with an id in the same place do not get into each other's way."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.gateway.paths import closed, methods


async def named(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params.get("id", "words"))


ROUTES = closed(
    [
        Route("/things/count", named, methods=["GET"]),
        Route("/things", named, methods=["GET"]),
        Route("/things/{id}", named, methods=["PATCH"]),
        Route("/things/{other}", named, methods=["DELETE"]),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/things/count", 200, "words"),
        ("PATCH", "/things/count", 405, None),
        ("DELETE", "/things/count", 405, None),
        ("PATCH", "/things/7", 200, "7"),
        ("DELETE", "/things/7", 200, "words"),
        ("GET", "/things/7", 405, None),
        ("GET", "/things", 200, "words"),
    ],
)
async def test_words_are_no_id_whatever_the_method(
    method: str, path: str, status: int, text: str | None
) -> None:
    transport = httpx.ASGITransport(Starlette(routes=ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert text is None or answer.text == text


@pytest.mark.parametrize(
    ("path", "known"),
    [("/things/count", ["GET", "HEAD"]), ("/things/7", ["DELETE", "PATCH"]), ("/nothing", [])],
)
def test_a_path_names_its_own_methods_only(path: str, known: list[str]) -> None:
    assert methods(ROUTES, {"type": "http", "method": "POST", "path": path, "headers": []}) == known
