"""How a service's HTTP server runs and ends: what a client has begun is answered, whatever asks the server to stop."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from pydantic import ValidationError

from mailwright.console import say
from shared.errors import MailwrightError

_BAD_SETTINGS = 2
_IDLE_SECONDS = 0.5
_CALLS_SECONDS = 2  # with what comes before and after it, less than the 3.5 after which the supervisor kills
_KEEP_ALIVE_SECONDS = 75
_LOOK_SECONDS = 0.02


def run(create_app: Callable[[], Any], host: str, port: int, fd: int | None = None) -> None:
    """Serve the app until SIGTERM; with `fd`, on that listening socket, which its owner keeps open between servers.

    Raises SystemExit when the app does not start; settings it cannot work with are said in one line.
    """

    def app() -> Any:
        try:
            return create_app()
        except (ValidationError, MailwrightError) as refusal:
            say(f"mailwright: {_in_one_line(refusal)}")
            raise SystemExit(_BAD_SETTINGS) from refusal

    config = uvicorn.Config(
        app,
        factory=True,
        host=host,
        port=port,
        log_config=None,  # the service sets up its own logs
        access_log=False,
        server_header=False,
        http="httptools",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_CALLS_SECONDS,
    )
    server = DrainingServer(config)
    server.run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)
    if not server.started:
        sys.exit(uvicorn.config.STARTUP_FAILURE)


def _in_one_line(refusal: ValidationError | MailwrightError) -> str:
    """What is wrong with which settings, without their values: some are secrets."""
    if isinstance(refusal, MailwrightError):
        return str(refusal)
    errors = refusal.errors(include_input=False, include_url=False)
    return "; ".join(
        f"MAILWRIGHT_{'.'.join(map(str, error['loc'])).upper()}: {error['msg'].lower()}" for error in errors
    )


class DrainingServer(uvicorn.Server):
    """Closes idle connections last, and only after a while in which each may still bring a call.

    A client may be sending on a connection at the moment the server closes it; it cannot know whether that call was
    taken. So each answer of the last half second says that the connection ends with it.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, answer what is in hand, let idle connections go, then end the app."""
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        for connection in list(self.server_state.connections):
            call = getattr(connection, "cycle", None)
            if call is not None and not call.response_complete:
                connection.shutdown()  # it closes itself after the answer in hand
        deadline = time.monotonic() + _IDLE_SECONDS
        while self.server_state.connections and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets)
