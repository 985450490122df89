"""The accounts half of the provisioner, wired: its handlers and the workers that drive its sagas."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import services.provisioner.fail_points  # noqa: F401  registers them
from services.provisioner.context import Context, Part
from services.provisioner.handlers.request_account import request_account
from services.provisioner.store import PostgresReservations
from shared.contracts.accounts import AccountRequested
from shared.contracts.envelope import Event, Received
from shared.db.pool import Connection
from shared.messaging.batch import Handler
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the accounts part; what it started by itself ends with the block."""
    yield Part(handlers=account_handlers(context.recorder), tasks={}, wake=lambda: None)


def account_handlers(recorder: Recorder) -> dict[type[Event], Handler]:
    """Return the handlers of the requests about accounts."""

    async def on_account_requested(connection: Connection, received: Received) -> None:
        store = PostgresReservations(connection, recorder)
        await request_account(received.event, store=store, recorder=recorder)
        failpoint("provisioner.reserve.before_commit")

    return {AccountRequested: on_account_requested}
