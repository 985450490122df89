"""What the gateway itself forgets: whom an erased thread or a refused creation named, answers that show it, what was read of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from shared.contracts.answers import Outcome, ThreadRequestAnswered
from shared.contracts.envelope import THREADS, Recorded
from shared.contracts.people import without_people
from shared.contracts.threads import ThreadErased
from shared.db.pool import Connection
from shared.messaging.forgetting import Place, forget_people, take_out

HISTORY = Place("event", "event_id", "data", "jsonb")
REQUESTS = Place("request", "id", "data", "jsonb")
WAITING = Place("pending_answer", "request_id", "data", "jsonb")


async def forget_erased(connection: Connection, events: list[Recorded]) -> list[Recorded]:
    """Forget the erased threads that these are about, and whom refused creations named; return what is left of the events.

    What comes after the erasure, as a request that was under way, leaves nothing either.
    """
    told = {event.subject for event in events if event.data.TOPIC == THREADS}
    if not told:
        return events
    erased = {
        row["id"]
        for row in await connection.fetch(
            "select id from thread where id = any($1::uuid[]) and is_deleted", list(told)
        )
    }
    unborn = await _refused_creations(connection, events)
    if gone := erased | unborn:
        await _forget_people(connection, gone)
    now = [event.subject for event in events if isinstance(event.data, ThreadErased)]
    if now:
        await _forget_answers(connection, now)
        await connection.execute("delete from thread_read where thread_id = any($1::uuid[])", now)
    return [_forgotten(event) if event.subject in erased else event for event in events]


async def _refused_creations(connection: Connection, events: Sequence[Recorded]) -> set[UUID]:
    """Return the threads that will never be, so that nobody can erase them later."""
    refused = [
        event.data.request_id
        for event in events
        if isinstance(event.data, ThreadRequestAnswered)
        and event.data.outcome in {Outcome.REFUSED, Outcome.FAILED}
    ]
    if not refused:
        return set()
    rows = await connection.fetch(
        "select subject_id from request where id = any($1::uuid[]) and kind = 'thread.create'", refused
    )
    return {row["subject_id"] for row in rows}


async def _forget_people(connection: Connection, threads: Collection[UUID]) -> None:
    subjects = list(threads)
    await forget_people(connection, subjects)
    await take_out(connection, HISTORY, "subject = any($1::uuid[])", subjects)
    await take_out(connection, REQUESTS, "subject_id = any($1::uuid[])", subjects)
    await take_out(connection, WAITING, "subject_id = any($1::uuid[])", subjects)


async def _forget_answers(connection: Connection, threads: Sequence[UUID]) -> None:
    """Erase the stored answers that show these threads, and free their Idempotency-Keys.

    They may be about other threads: a creation shows all with its participant. Code before `gateway_0011` did not say
    which; its answers are read through for as long as they are kept.
    """
    await connection.execute(
        """
        update request set idempotency_key = null, headers = null, body = null
        where state = 'answered' and body is not null and id in (
            select id from request where subject_id = any($1::uuid[])
            union all
            select id from request where body is not null and shown <> '{}' and shown && $1::uuid[]
            union all
            select id from request
            where workspace_id in (select workspace_id from thread where id = any($1::uuid[]))
                and body is not null and kind like 'thread.%' and shown is null
                and exists (select from unnest($2::bytea[]) as thread where position(thread in body) > 0)
        )
        """,
        threads,
        [str(each).encode() for each in threads],
    )


def _forgotten(event: Recorded) -> Recorded:
    data = type(event.data).model_validate(without_people(event.data.model_dump(mode="json")))
    return replace(event, data=data)
