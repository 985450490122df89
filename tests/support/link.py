"""A TCP link that can be cut, frozen and mended: what a client on one side sees when the server on the other is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Link:
    """Forwards connections to one server while it is whole."""

    def __init__(self, host: str, port: int) -> None:
        self._server_at = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.is_whole = True
        self.port = 0

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self.is_whole = False
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more, and break nothing."""
        self._flows.clear()

    def mend(self) -> None:
        """Let connections and bytes through again."""
        self.is_whole = True
        self._flows.set()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        if not self.is_whole:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._server_at)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._writers -= {writer, back}
            for each in (writer, back):
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def link_to(host: str, port: int) -> AsyncIterator[Link]:
    """A whole link to a server, on a port of its own."""
    link = Link(host, port)
    server = await asyncio.start_server(link.forward, "127.0.0.1")
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        link.cut()
