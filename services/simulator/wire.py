"""What a call and its answer are, and how they travel over ASGI, down to cutting the connection."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from urllib.parse import parse_qs

Json = dict[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON_HEADER = ("content-type", "application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(status: int, body: object, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return an answer with a JSON body."""
    encoded = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, encoded, (JSON_HEADER, *headers))


class Refusal(Exception):
    """The provider says no; nothing the handler did before remains."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class CannotCutError(RuntimeError):
    """The server in front of the app gives no access to its TCP connection."""


@dataclass(slots=True)
class Call:
    """One call that a provider received; `scope_inbox` is set when an inbox's own key made it."""

    provider: str
    operation: str
    method: str
    path: str
    params: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes = b""
    body: Any = None
    scope_inbox: str | None = None
    subjects: list[str] = field(default_factory=list)

    @property
    def request_id(self) -> str | None:
        """Return the caller's own id for the call, if it sent one."""
        return self.headers.get("x-request-id")

    def first(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def fields(self) -> Json:
        """Return the JSON object that was sent; an absent body reads as an empty one."""
        return self.body if isinstance(self.body, dict) else {}


class _Transport(Protocol):
    def abort(self) -> None: ...


async def read_body(receive: Receive) -> bytes:
    """Return the whole request body."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(chunks)


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the request's headers by lower-case name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def query_of(scope: Scope) -> dict[str, list[str]]:
    """Return the query parameters, each with all its values."""
    raw = scope["query_string"]
    return parse_qs(raw.decode("latin-1"), keep_blank_values=True) if raw else {}


async def answer_with(send: Send, answer: Answer) -> None:
    """Send the whole answer."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if answer.status != 204 else b""})


async def cut(receive: Receive, send: Send) -> None:
    """Close the TCP connection without any answer.

    ASGI has no word for it, so this reaches for the transport of the uvicorn request cycle whose bound method `send` is.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise CannotCutError(
            "run the simulator directly under uvicorn: its send channel must be uvicorn's own"
        )
    cast("_Transport", transport).abort()
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    """Return once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
