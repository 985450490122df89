"""Which ports of this machine are free, and which answer."""

import asyncio
import json
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress

from mailwright.errors import StartError

HOST = "127.0.0.1"
_FIRST, _COUNT = 20_000, 10_000
_BACKLOG = 2048


def is_free(port: int, *, with_udp: bool = False) -> bool:
    """Whether a server could listen on TCP `port` of this machine right now, and on UDP if it needs both."""
    if with_udp:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Like the servers we start: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def listener(port: int) -> socket.socket:
    """A socket that listens on `port` for whoever inherits it: between two servers, calls wait instead of failing.

    Raises StartError when the port is taken.
    """
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise StartError(f"cannot listen on port {port}: {error.strerror}") from error


def claimed(port: int) -> socket.socket | None:
    """Set a free TCP port apart for a server that is still to be started; None where it is taken, or set apart already.

    Stacks that start at the same moment could choose the same ports otherwise. Who holds the same number for UDP has the claim, until
    that socket is closed or its process ends.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((HOST, port))
    except OSError:
        claim.close()
        return None
    if is_free(port):
        return claim
    claim.close()
    return None


def free_port() -> int:
    """A port nobody listens on or has claimed. Somebody may still take it before its user does.

    It lies below the range from which systems number outgoing connections: one of those could take the port while
    a crashed server is being restarted.
    """
    while not is_free(port := _FIRST + secrets.randbelow(_COUNT), with_udp=True):
        pass
    return port


def accepts(port: int) -> bool:
    """Whether somebody answers a connection to `port` of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


async def answers_ok(port: int, path: str) -> bool:
    """Whether an HTTP server on this machine answers a GET with 200 within two seconds."""
    return await status_of(port, path) == 200


async def status_of(port: int, path: str, bearer: str | None = None) -> int | None:
    """The status an HTTP server on this machine answers a GET with; None if it does not within two seconds."""
    with suppress(ValueError, IndexError):
        return int((await _answer(port, path, bearer)).split(maxsplit=2)[1])
    return None


async def troubles_of(port: int) -> Mapping[str, str]:
    """What a service on this machine says is wrong with what it needs; nothing if it says nothing within two seconds."""
    with suppress(ValueError, IndexError):
        body = json.loads((await _answer(port, "/health/ready")).split(b"\r\n\r\n", 1)[1])
        return {**body.get("notes", {}), **body.get("troubles", {})}
    return {}


async def is_started(port: int) -> bool:
    """Whether a service is ready, or halted: then it waits for its operator, and starting it again would mend nothing."""
    return await answers_ok(port, "/health/ready") or (await troubles_of(port)).keys() == {"consumer"}


async def _answer(port: int, path: str, bearer: str | None = None) -> bytes:
    """Return the whole answer to a GET; nothing if there is none within two seconds.

    Asked by hand: a whole HTTP client costs the supervisor more time at start than everything else it does.
    """
    key = f"Authorization: Bearer {bearer}\r\n" if bearer else ""
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{key}Connection: close\r\n\r\n".encode()
                )
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
