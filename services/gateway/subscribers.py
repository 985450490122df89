"""What the gateway does with a batch of events: keeps them, folds them into its projections, closes requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import services.gateway.fail_points  # noqa: F401  registers its names
from services.gateway.closing import answered_rows, close_answered
from services.gateway.erasing import forget_erased
from services.gateway.requests.render import Render
from services.gateway.revealing import end_keys
from services.gateway.store_projection import Rows, keep_events
from shared.clock import Clock
from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS, Received
from shared.db.pool import Connection
from shared.observability.failpoints import failpoint
from shared.security.vault import MasterKeys

TOPICS = (ACCOUNTS, DOMAINS, THREADS)


class Projector:
    """Projects batches; `closed` is told, after the commit, which requests got their answer."""

    def __init__(
        self, render: Render, clock: Clock, keys: MasterKeys | None, closed: Callable[[Sequence[UUID]], None]
    ) -> None:
        self._render = render
        self._clock = clock
        self._keys = keys
        self._closed = closed
        self._to_tell: list[UUID] = []

    async def on_events(self, connection: Connection, events: Sequence[Received]) -> None:
        """Project one batch in the caller's transaction: everything of it, or nothing."""
        recorded = [each.event for each in events]
        await keep_events(connection, events)
        rows = await Rows.load(connection, recorded, answered_rows(recorded))
        for event in recorded:
            rows.fold(event)
        advanced = await rows.save(connection)
        recorded = await forget_erased(connection, recorded)
        now = self._clock.now()
        self._to_tell += await close_answered(
            connection, recorded, rows, advanced, self._render, at=now, keys=self._keys
        )
        await end_keys(connection, recorded, rows.accounts, advanced, now)
        failpoint("gateway.project.before_commit")

    def after_commit(self) -> None:
        """Tell the waiting calls of this process; one told too much looks, finds nothing, and waits on."""
        failpoint("gateway.project.after_commit")
        told, self._to_tell = self._to_tell, []
        if told:
            self._closed(told)
