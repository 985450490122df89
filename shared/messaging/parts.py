"""What each part of a service brings: its event handlers and its tasks; a service runs them behind one consumer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.envelope import Event, Kind
from shared.messaging.dispatch import BatchHandler, Handler, dispatch


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a service: its event handlers, its tasks by name, and how to wake them.

    `wake` is called after every consumed batch, because its handlers may have made work due.
    """

    handlers: Mapping[type[Event], Handler]
    tasks: Mapping[str, Callable[[], Awaitable[None]]]
    wake: Callable[[], None]


def handle_batches(parts: Sequence[Part]) -> BatchHandler:
    """Return the one batch handler of a service; types that no part names are ignored.

    Raises:
        ValueError: Two parts name the same type.
    """
    handlers: dict[type[Event], Handler] = {}
    for part in parts:
        if twice := handlers.keys() & part.handlers.keys():
            raise ValueError(f"Two parts handle {', '.join(sorted(each.TYPE for each in twice))}.")
        handlers.update(part.handlers)
    return dispatch(handlers)


def owned_requests(parts: Sequence[Part]) -> frozenset[type[Event]]:
    """Return the request types that the service, and nobody else, answers."""
    return frozenset(event for part in parts for event in part.handlers if event.KIND is Kind.REQUEST)
