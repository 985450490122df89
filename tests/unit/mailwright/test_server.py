"""How a server ends: calls in hand and calls on idle connections are answered, later ones wait for the next server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from mailwright.server import DrainingServer
from tests.support.eventually import eventually


class Door:
    """A listening socket that outlives its servers, and an app of which one path answers only when it is let."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.let = asyncio.Event()
        self.in_hand = 0

    async def app(self, scope: dict[str, Any], _: object, send: Any) -> None:
        if scope["path"] == "/slow":
            self.in_hand += 1
            await self.let.wait()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]},
        )
        await send({"type": "http.response.body", "body": b"ok"})

    def server(self) -> tuple[DrainingServer, asyncio.Task[None]]:
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            http="httptools",
            timeout_graceful_shutdown=5,
        )
        server = DrainingServer(config)
        return server, asyncio.create_task(server._serve([self.socket.dup()]))

    async def connect(self) -> Connection:
        return Connection(*await asyncio.open_connection("127.0.0.1", self.port))


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, path: str) -> None:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def answer(self) -> str:
        async with asyncio.timeout(5):
            head = await self._reader.readuntil(b"\r\n\r\n")
            await self._reader.readexactly(2)
        return head.decode().lower()

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            return await self._reader.read() == b""


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.socket.close()


async def test_a_stop_answers_what_is_in_hand_and_what_still_comes_on_open_connections(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailwright.server._IDLE_SECONDS", 5.0)  # it ends with the last connection
    server, serving = door.server()
    slow, idle, fresh = [await door.connect() for _ in range(3)]
    slow.send("/slow")
    idle.send("/")
    assert "connection: close" not in await idle.answer()
    await eventually(lambda: door.in_hand == 1)
    await eventually(lambda: len(server.server_state.connections) == 3)

    server.should_exit = True
    await eventually(lambda: (b"connection", b"close") in server.server_state.default_headers)
    idle.send("/")
    fresh.send("/")
    assert "connection: close" in await idle.answer()
    assert "connection: close" in await fresh.answer()
    door.let.set()
    assert "connection: close" in await slow.answer()
    assert await slow.is_closed()
    assert await idle.is_closed()
    await serving


async def test_a_connection_nobody_uses_is_closed_in_the_end(door: Door) -> None:
    server, serving = door.server()
    idle = await door.connect()
    await eventually(lambda: server.server_state.connections)

    server.should_exit = True

    assert await idle.is_closed()
    await serving


async def test_who_comes_between_two_servers_waits_for_the_next(door: Door) -> None:
    first, serving = door.server()
    await eventually(lambda: first.started)
    first.should_exit = True
    await serving
    early = await door.connect()
    early.send("/")

    second, serving = door.server()
    assert "200" in await early.answer()
    second.should_exit = True
    await serving
