"""What waits beside the topics and is handed over when its time has come: parked records and dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shared.contracts.envelope import Received
from shared.db.pool import OUTAGE, Connection, Pool
from shared.errors import NotYet, Poison, Retryable
from shared.messaging import dead_letters
from shared.messaging.answers import is_answered
from shared.messaging.batch import Batches
from shared.messaging.dead_letters import Waiting
from shared.messaging.dispatch import BatchHandler
from shared.messaging.patience import within_limits
from shared.observability.logging import get_logger

log = get_logger(__name__)

POLL_SECONDS = 0.5


class Redelivery:
    """Hands over parked records when they are due, and dead letters that an operator asked for or this code now knows."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        batches: Batches,
        handle: BatchHandler,
        *,
        after_commit: Callable[[], None],
    ) -> None:
        self._service = service
        self._pool = pool
        self._batches = batches
        self._handle = handle
        self._after_commit = after_commit

    async def run(self) -> None:
        """Hand over what is due, again and again, until cancelled."""
        while True:
            try:
                while await self._hand_over_one():
                    self._after_commit()
            except OUTAGE as error:
                log.warning("redelivery_database_away", service=self._service, error=type(error).__name__)
            except Exception:
                log.exception("redelivery_failed", service=self._service)
            await asyncio.sleep(POLL_SECONDS)

    async def _hand_over_one(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            waiting = (
                await dead_letters.take_parked(connection)
                or await dead_letters.take_asked(connection)
                or await dead_letters.take_known(connection)
            )
            if waiting is None:
                return False
            received = None
            try:
                received = waiting.decoded()
                if waiting.dead_letter_id is not None and await is_answered(connection, received.event):
                    raise Poison(dead_letters.ANSWERED, code="already_answered")
                async with connection.transaction():
                    with within_limits():
                        await self._handle(connection, [received])
                await dead_letters.unpark(connection, waiting.event_id)
            except OUTAGE:
                raise
            except Exception as error:  # noqa: BLE001  whatever it is, it is kept with the record
                if waiting.dead_letter_id is not None:
                    await self._replay_failed(connection, waiting.dead_letter_id, waiting, received, error)
                elif waiting.is_last or not isinstance(error, NotYet | Retryable):
                    await self._give_up(connection, waiting, received, error)
        return True

    async def _replay_failed(
        self,
        connection: Connection,
        dead_letter_id: int,
        waiting: Waiting,
        received: Received | None,
        error: Exception,
    ) -> None:
        """Keep a dead letter that failed again; a request that nothing tries any more is answered, if it was not."""
        reason = f"Handling it again failed with {type(error).__name__}."
        reason = str(error) if isinstance(error, Poison) else reason
        await dead_letters.replay_failed(connection, dead_letter_id, reason=reason)
        if received is not None and waiting.is_last and not await is_answered(connection, received.event):
            await self._batches.answer_failed(connection, received)

    async def _give_up(
        self, connection: Connection, waiting: Waiting, received: Received | None, error: Exception
    ) -> None:
        code, reason = "never_ready", f"It waited too long and failed with {type(error).__name__}."
        if received is None and isinstance(error, Poison):
            code, reason = error.code, str(error)
        await dead_letters.keep(connection, waiting.record, code=code, reason=reason)
        if received is not None:
            await self._batches.answer_failed(connection, received)
        await dead_letters.unpark(connection, waiting.event_id)
