"""Which ports are free, and what an HTTP server on one answers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailwright.environment import Options
from mailwright.errors import StartError
from mailwright.ports import (
    accepts,
    answers_ok,
    claimed,
    free_port,
    is_free,
    is_started,
    listener,
    status_of,
    troubles_of,
)
from mailwright.stack import Stack


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that gives every connection this answer, and the requests it got."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1], requests


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
        assert accepts(port)


def test_a_port_that_is_needed_for_udp_too_must_be_free_for_it() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not is_free(port, with_udp=True)


def test_a_claimed_port_is_nobody_elses_until_the_claim_ends() -> None:
    port = free_port()

    claim = claimed(port)
    assert claim
    assert claimed(port) is None
    assert not is_free(port, with_udp=True)
    with socket.create_server(("127.0.0.1", port)):
        claim.close()
        assert claimed(port) is None, "its server listens"

    again = claimed(port)
    assert again
    again.close()


def test_stacks_that_start_at_the_same_moment_choose_different_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither has started any server yet, and both come upon the same numbers."""
    offered = [free_port() for _ in range(60)]
    chosen: list[int] = []
    stacks = [Stack(Options(tmp_path / name, port=0, simulator_port=0), print, {}) for name in "ab"]
    for stack in stacks:
        numbers = iter(offered)
        monkeypatch.setattr("mailwright.stack.free_port", lambda numbers=numbers: next(numbers))
        chosen += stack._choose_ports().values()

    assert len(set(chosen)) == len(chosen) > 10
    for claim in [claim for stack in stacks for claim in stack._claims.values()]:
        claim.close()


def test_a_listener_lets_callers_wait_and_keeps_others_out() -> None:
    port = free_port()
    with listener(port):
        assert accepts(port)
        with pytest.raises(StartError, match=f"cannot listen on port {port}: Address already in use"):
            listener(port)


def test_a_free_port_is_free_and_below_those_of_outgoing_connections() -> None:
    port = free_port()

    assert is_free(port)
    assert not accepts(port)
    assert port < 32768


async def test_a_status_is_asked_for_with_the_key() -> None:
    async with server(b"HTTP/1.1 401 Unauthorized\r\n\r\n") as (port, requests):
        assert await status_of(port, "/x", bearer="k1") == 401
        assert not await answers_ok(port, "/x")

    assert requests[0].startswith(b"GET /x HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer k1\r\n" in requests[0]
    assert b"Authorization" not in requests[1]


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 many\r\n"])
async def test_what_is_no_http_answer_has_no_status(answer: bytes) -> None:
    async with server(answer) as (port, _):
        assert await status_of(port, "/") is None


async def test_nobody_there_has_no_status() -> None:
    assert await status_of(free_port(), "/") is None


async def test_what_a_service_says_is_wrong_is_understood() -> None:
    said = b'{"ready": false, "troubles": {"consumer": "It is halted."}, "notes": {"topics": "None."}}'
    async with server(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\n" + said) as (port, _):
        assert await troubles_of(port) == {"consumer": "It is halted.", "topics": "None."}


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\n{}"]
)
async def test_a_service_that_says_nothing_of_the_kind_has_no_trouble(answer: bytes) -> None:
    async with server(answer) as (port, _):
        assert await troubles_of(port) == {}


@pytest.mark.parametrize(
    ("troubles", "started"),
    [
        (b'{"consumer": "Halted."}', True),
        (b'{"consumer": "Halted.", "database": "Away."}', False),
        (b"{}", False),
    ],
)
async def test_a_service_that_is_only_halted_is_started(troubles: bytes, started: bool) -> None:
    async with server(b'HTTP/1.1 503 X\r\n\r\n{"ready": false, "troubles": ' + troubles + b"}") as (port, _):
        assert await is_started(port) is started
