"""Which handler an event goes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.contracts.envelope import Event, Received
from shared.db.pool import Connection
from shared.observability.tracing import trace

Handler = Callable[[Connection, Received], Awaitable[None]]
BatchHandler = Callable[[Connection, Sequence[Received]], Awaitable[None]]


def dispatch(handlers: Mapping[type[Event], Handler]) -> BatchHandler:
    """Return a batch handler that gives each event to the handler of its type and ignores other types."""

    async def handle(connection: Connection, events: Sequence[Received]) -> None:
        for received in events:
            handler = handlers.get(type(received.event.data))
            if handler is not None:
                with trace(received.event.traceparent, received.event.request_id):
                    await handler(connection, received)

    return handle
