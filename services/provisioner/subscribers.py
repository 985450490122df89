"""The Kafka edge: which topics the provisioner reads, and which handler each event goes to."""

from __future__ import annotations

from collections.abc import Sequence

from services.provisioner.context import Part
from shared.contracts.envelope import ACCOUNTS, DOMAINS, Event, Kind
from shared.messaging.batch import BatchHandler, Handler, dispatch

TOPICS = (ACCOUNTS, DOMAINS)


def handle_batches(parts: Sequence[Part]) -> BatchHandler:
    """Return the one batch handler of the service; types that no part names are ignored."""
    handlers: dict[type[Event], Handler] = {}
    for part in parts:
        handlers.update(part.handlers)
    return dispatch(handlers)


def owned_requests(parts: Sequence[Part]) -> frozenset[type[Event]]:
    """Return the request types that this service, and nobody else, answers."""
    return frozenset(event for part in parts for event in part.handlers if event.KIND is Kind.REQUEST)
