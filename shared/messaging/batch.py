"""Handling one batch of records: all in one transaction, or, when one of them fails, each in its own.

The record that fails is tried three times, then kept as a dead letter with its position counted, so that it cannot stop
the line; if it was a request of this service's, it is answered `failed` in the same transaction. Trouble that may pass
(`Retryable`, a statement over its time limit) holds its partition alone, so that the order stays, for a minute at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shared.content import parts
from shared.contracts.answers import Outcome
from shared.contracts.envelope import Event, Kind, Received
from shared.db.pool import OUTAGE, Connection, Pool
from shared.errors import NotYet, Poison, Retryable
from shared.messaging import dead_letters, halts, log_store
from shared.messaging.answers import ANSWER_TYPES, answer, begin
from shared.messaging.dead_letter_limit import DeadLetterLimit
from shared.messaging.dead_letters import RawRecord
from shared.messaging.dispatch import BatchHandler
from shared.messaging.halts import ConsumerHalted
from shared.messaging.patience import HeldUp, Patience, within_limits
from shared.messaging.positions import Place, Positions, Stream
from shared.messaging.recorder import Recorder
from shared.messaging.wire import UNKNOWN_TYPE, LogHead, Record, ReplayRequested, decode, position_of
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

ATTEMPTS = 3


class Batches:
    """Handles the batches of one service; `owned` are the request types this service answers."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        handle: BatchHandler,
        recorder: Recorder,
        owned: frozenset[type[Event]],
        patience: Patience | None = None,
    ) -> None:
        self._service = service
        self._pool = pool
        self._handle = handle
        self._recorder = recorder
        self._owned = owned
        self._patience = patience or Patience()
        self.limit = DeadLetterLimit()

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Handle records in order, each exactly once.

        Raises:
            OUTAGE: The database is away; nothing of the failing transaction is kept, and the same records may come again.
            HeldUp: Some cannot be handled at the moment; they and what follows them in their partitions must come again.
            ConsumerHalted: Too many records died, here or in another process; likewise.
        """
        decoded = [_decode(record) for record in records]
        if not any(isinstance(item, Poison) for item in decoded) and not self._patience.is_tried(records):
            try:
                await self._handle_together([item for item in decoded if not isinstance(item, Poison)])
                return
            except OUTAGE:
                raise
            except Exception as error:  # noqa: BLE001  the record at fault is found one by one below
                log.info(
                    "batch_split", service=self._service, error=type(error).__name__, records=len(records)
                )
        held_up: dict[tuple[str, int], int] = {}
        why: Retryable | None = None
        for record, item in zip(records, decoded, strict=True):
            if self.limit.is_exceeded:
                raise ConsumerHalted
            part = record.topic, record.partition
            if part in held_up:
                continue  # it may not overtake what holds up its partition
            if isinstance(item, Poison):
                await self._bury_undecodable(record, item)
                continue
            try:
                await self._handle_alone(record, item)
            except Retryable as error:
                held_up[part], why = record.offset, error
        if why:
            raise HeldUp(why, held_up)

    async def _handle_together(self, decoded: Sequence[Record]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            positions = await Positions.load(connection, map(_stream, decoded))
            events = await self._take(connection, positions, decoded)
            if events:
                with within_limits():
                    await self._handle(connection, events)
            await positions.save(connection)
            failpoint("consumer.before_commit")
        failpoint("consumer.after_commit")
        self.limit.handled(len(events))

    async def _take(
        self, connection: Connection, positions: Positions, decoded: Sequence[Record]
    ) -> list[Received]:
        """Return the events to handle now; control records and everything else are dealt with here."""
        events = []
        for item in decoded:
            stream = _stream(item)
            if isinstance(item, LogHead):
                if positions.notice_head(stream, item.position):
                    metrics.LOG_GAPS.labels(item.source).inc()
            elif isinstance(item, ReplayRequested):
                if item.source == self._service:
                    await log_store.ask_for_replay(connection, item)
            else:
                place = positions.place(stream, item.position)
                metrics.EVENTS_CONSUMED.labels(item.topic, place.value).inc()
                if place is Place.NEXT:
                    positions.advance(stream)
                    events.append(item)
        return events

    async def _handle_alone(self, record: RawRecord, item: Record) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._handle_together([item])
                self._patience.forget(record)
                return
            except OUTAGE:
                raise
            except Retryable as error:
                if not self._patience.is_over(record):
                    raise
                await self._bury(record, item, code=error.code, reason=str(error), attempts=attempt)
                return
            except NotYet as error:
                await self._set_aside(record, item, str(error))
                return
            except Poison as error:
                await self._bury(record, item, code=error.code, reason=str(error), attempts=attempt)
                return
            except Exception as error:
                log.exception("record_failed", service=self._service, topic=record.topic, attempt=attempt)
                if attempt == ATTEMPTS:
                    reason = f"The handler failed with {type(error).__name__}."
                    await self._bury(record, item, code="handler_failed", reason=reason, attempts=attempt)
                else:
                    await asyncio.sleep(0.05 * attempt)

    async def _set_aside(self, record: RawRecord, item: Record, reason: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            positions = await Positions.load(connection, [_stream(item)])
            for received in await self._take(connection, positions, [item]):
                await dead_letters.park(connection, record, received, reason=reason)
            await positions.save(connection)

    async def _bury(self, record: RawRecord, item: Record, *, code: str, reason: str, attempts: int) -> None:
        is_new = False
        async with self._pool.acquire() as connection, connection.transaction():
            positions = await Positions.load(connection, [_stream(item)])
            for received in await self._take(connection, positions, [item]):
                is_new = await self._keep(connection, record, code=code, reason=reason, attempts=attempts)
                await self.answer_failed(connection, received)
            await positions.save(connection)
        self._count_death(record, code, is_new=is_new)

    async def _bury_undecodable(self, record: RawRecord, poison: Poison) -> None:
        """Keep a record nobody can read; if its headers still tell its place in a log, it is passed there, once."""
        told = position_of(record.headers)
        async with self._pool.acquire() as connection, connection.transaction():
            place = Place.NEXT
            if told is not None:
                stream = (told[0], record.topic, record.partition)
                positions = await Positions.load(connection, [stream])
                if (place := positions.place(stream, told[1])) is Place.NEXT:
                    positions.advance(stream)
                await positions.save(connection)
            is_new = place is Place.NEXT and await self._keep(
                connection, record, code=poison.code, reason=str(poison)
            )
        if place is Place.NEXT:
            self._count_death(record, poison.code, is_new=is_new)

    async def _keep(
        self, connection: Connection, record: RawRecord, *, code: str, reason: str, attempts: int = 1
    ) -> bool:
        """Keep a dead letter; the one that is too many halts the service's consumer in the same transaction.

        Raises:
            ConsumerHalted: It is halted already, perhaps by another process.
        """
        if await halts.current(connection):
            raise ConsumerHalted
        is_new = await dead_letters.keep(connection, record, code=code, reason=reason, attempts=attempts)
        if is_new and code != UNKNOWN_TYPE and (too_many := self.limit.last_straw()):
            await halts.halt(connection, too_many)
        return is_new

    async def answer_failed(self, connection: Connection, received: Received) -> None:
        """Answer a request of this service's that ended as a dead letter, so that its client is not left waiting.

        What was written for it is forgotten. One that was taken in hand before is answered by whoever has it in hand.
        """
        event = received.event
        if (
            event.data.KIND is not Kind.REQUEST
            or type(event.data) not in self._owned
            or event.request_id is None
        ):
            return
        if not await begin(connection, self._recorder, event):
            return
        data = ANSWER_TYPES[event.data.TOPIC](
            request_id=event.request_id,
            outcome=Outcome.FAILED,
            subject_id=event.subject,
            code="internal_error",
            message="The request could not be handled; it is kept for the operator.",
        )
        await answer(connection, self._recorder, event, data)
        if event.data.brought:
            await parts.forget(connection, event.data.brought)

    def _count_death(self, record: RawRecord, code: str, *, is_new: bool) -> None:
        self._patience.forget(record)
        # What a halt brought again was counted before; an unknown type waits for newer code, which takes it up by itself.
        if is_new and code != UNKNOWN_TYPE:
            self.limit.died()
        log.error("dead_letter", service=self._service, topic=record.topic, offset=record.offset, code=code)


def _decode(record: RawRecord) -> Record | Poison:
    try:
        return decode(record.topic, record.partition, record.headers, record.value)
    except Poison as error:
        return error


def _stream(item: Record) -> Stream:
    return item.source, item.topic, item.partition
