"""The simulated DNS on the network: UDP and TCP on one port, with the faults that were armed for it."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import dns.exception
import dns.message
import dns.rdatatype

from services.simulator.dns_answers import failure, respond
from services.simulator.faults import Fault, Faults
from services.simulator.wire import Call, Json
from services.simulator.world import World
from shared.observability.logging import get_logger

_SMALLEST_PAYLOAD = 512
_LARGEST_TCP = 65_535
_IDLE_SECONDS = 10.0
log = get_logger(__name__)


class DnsServer:
    """Answers from one world; it says itself where, because port 0 means any free one."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world, self._faults = world, faults
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.address: str | None = None
        """Host and port, while it runs."""

    async def start(self, host: str, port: int) -> None:
        """Listen; raises OSError when the port is taken."""
        self._tcp = await asyncio.start_server(self._converse, host, port, family=socket.AF_INET)
        port = self._tcp.sockets[0].getsockname()[1]
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), (host, port)
            )
        except OSError:
            self._tcp.close()
            raise
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening; whoever still waits for an answer gets none."""
        self.address = None
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take_datagram(self, transport: asyncio.DatagramTransport, wire: bytes, peer: tuple[str, int]) -> None:
        """Answer one datagram, cut to what its sender takes."""

        async def answer() -> None:
            query = _parsed(wire)
            response = await self._answer(query) if query is not None else None
            if query is not None and response is not None and not transport.is_closing():
                size = max(query.payload, _SMALLEST_PAYLOAD) if query.edns >= 0 else _SMALLEST_PAYLOAD
                transport.sendto(_wire(query, response, size, may_truncate=True), peer)

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the queries of one connection, each behind its length, until it is idle or broken."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    length = int.from_bytes(await reader.readexactly(2))
                    query = _parsed(await reader.readexactly(length))
                if query is None:
                    return
                response = await self._answer(query)
                if response is None:
                    await asyncio.sleep(_IDLE_SECONDS)
                    return
                wire = _wire(query, response, _LARGEST_TCP, may_truncate=False)
                writer.write(len(wire).to_bytes(2) + wire)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        """Return the answer, or None where a fault leaves the asker without one."""
        question = query.question[0] if query.question else None
        name = question.name.to_text(omit_final_dot=True).lower() if question is not None else ""
        kind = dns.rdatatype.to_text(question.rdtype) if question is not None else ""
        call = Call("dns", "query", kind, name, {}, {}, {}, subjects=[name])
        fault = self._faults.take(call)
        if fault is not None and fault.kind == "timeout":
            self._note(call, None, fault)
            return None
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.delay_seconds)
        fails = fault is not None and fault.kind == "servfail"
        response = failure(query) if fails else respond(self._world, query)
        self._note(call, response.rcode(), fault)
        return response

    def _note(self, call: Call, rcode: int | None, fault: Fault | None) -> None:
        entry: Json = {
            "at": self._world.stamp(),
            "provider": call.provider,
            "operation": call.operation,
            "method": call.method,
            "path": call.path,
            "status": rcode,
            "fault": fault.kind if fault else None,
            "when": fault.when if fault else None,
            "key": None,
            "subject": call.path,
            "request_id": None,
        }
        with self._world.store.transaction():
            self._world.store.append("calls", entry)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.take_datagram(self._transport, data, addr)


def _parsed(wire: bytes) -> dns.message.Message | None:
    """Return the query, or None if these bytes are none: real servers do not answer noise either."""
    try:
        return dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        log.info("dns_noise", bytes=len(wire))
        return None


def _wire(
    query: dns.message.Message, response: dns.message.Message, size: int, *, may_truncate: bool
) -> bytes:
    """Return the answer's bytes; what no DNS message can hold is an answer nobody can give."""
    try:
        return response.to_wire(max_size=size, prefer_truncation=may_truncate)
    except dns.exception.DNSException:
        return failure(query).to_wire()
