"""What clients ask of threads, wired: the handlers of drafts, changes and sends, and what is known of senders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import services.threads.fail_points_requests as points
from services.threads.context import Context
from services.threads.handlers.change_thread import change_thread
from services.threads.handlers.erase_thread import erase_thread
from services.threads.handlers.follow_sender import follow_sender
from services.threads.handlers.lift_suppression import lift_suppression
from services.threads.handlers.request_thread import request_thread
from services.threads.handlers.send_message import send_message
from services.threads.store import Store
from shared.contracts import accounts, warmups
from shared.contracts.envelope import Event, Received
from shared.contracts.threads import (
    MessageSendRequested,
    SuppressionRemovalRequested,
    ThreadChangeRequested,
    ThreadErasureRequested,
    ThreadRequested,
)
from shared.db.pool import Connection
from shared.messaging.dispatch import Handler
from shared.messaging.parts import Part
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint

SENDER_FACTS = tuple(
    event
    for event in (*accounts.EVENTS, *warmups.EVENTS)
    if issubclass(event, accounts.AccountFact | warmups.WarmupFact)
)


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the part; it has nothing to do but to handle what is asked and told."""
    yield Part(handlers=thread_handlers(context.recorder), tasks={}, wake=lambda: None)


def thread_handlers(recorder: Recorder) -> dict[type[Event], Handler]:
    """Return the handlers of the requests about threads, and of what is told of their senders."""

    async def on_request(connection: Connection, received: Received) -> None:
        store, event = Store(connection, recorder), received.event
        match event.data:
            case ThreadRequested() as data:
                await request_thread(store, recorder, event, data)
                failpoint(f"{points.CREATE}.before_commit")
            case ThreadChangeRequested() as data:
                await change_thread(store, recorder, event, data)
                failpoint(f"{points.CHANGE}.before_commit")
            case ThreadErasureRequested() as data:
                await erase_thread(store, recorder, event, data)
                failpoint(f"{points.ERASE}.before_commit")
            case MessageSendRequested() as data:
                await send_message(store, recorder, event, data)
                failpoint(f"{points.QUEUE}.before_commit")
            case SuppressionRemovalRequested() as data:
                await lift_suppression(store, recorder, event, data)

    async def on_sender(connection: Connection, received: Received) -> None:
        await follow_sender(Store(connection, recorder), recorder, received.event)

    return {
        ThreadRequested: on_request,
        ThreadChangeRequested: on_request,
        ThreadErasureRequested: on_request,
        MessageSendRequested: on_request,
        SuppressionRemovalRequested: on_request,
        **dict.fromkeys(SENDER_FACTS, on_sender),
    }
