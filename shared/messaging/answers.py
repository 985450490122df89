"""Answering requests: exactly one answer each, recorded with the decision, and repeated when the request is."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from shared.contracts.answers import (
    AccountRequestAnswered,
    DomainRequestAnswered,
    RequestAnswered,
    ThreadRequestAnswered,
)
from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS, Kind, Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.db.pool import Connection
from shared.errors import Poison
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

ANSWER_TYPES: dict[str, type[RequestAnswered]] = {
    ACCOUNTS: AccountRequestAnswered,
    DOMAINS: DomainRequestAnswered,
    THREADS: ThreadRequestAnswered,
}


def id_of(request: Recorded) -> UUID:
    """Return the id of a request.

    Raises:
        Poison: The record names none, so nobody could be answered.
    """
    if request.request_id is None:
        raise Poison("A request without a request id.")
    return request.request_id


async def begin(connection: Connection, recorder: Recorder, request: Recorded) -> bool:
    """Take a request in hand; False if it was taken before, and then its answer, if it is still kept, is sent again."""
    taken = await connection.fetchval(
        "insert into handled_request (request_id) values ($1) on conflict do nothing returning true",
        request.request_id,
    )
    if taken:
        return True
    row = await connection.fetchrow(
        "select answer, answer_type from handled_request where request_id = $1", request.request_id
    )
    if row is not None and row["answer"]:
        data = cast("RequestAnswered", EVENT_TYPES[row["answer_type"]].model_validate_json(row["answer"]))
        await append(connection, _answer_event(recorder, request, data))
    return False


async def is_answered(connection: Connection, event: Recorded) -> bool:
    """Say whether an event is a request that this service answered: to handle it again would only repeat the answer."""
    if event.data.KIND is not Kind.REQUEST:
        return False
    return bool(
        await connection.fetchval(
            "select answer is not null from handled_request where request_id = $1", event.request_id
        )
    )


async def is_waiting(connection: Connection, event: Recorded) -> bool:
    """Say whether an event is a request that this service never took in hand: whoever sent it has no answer to come."""
    return event.data.KIND is Kind.REQUEST and not await connection.fetchval(
        "select exists (select from handled_request where request_id = $1)", event.request_id
    )


async def answer(
    connection: Connection, recorder: Recorder, request: Recorded, data: RequestAnswered
) -> bool:
    """Record the one answer of a request in the caller's transaction; False if it has one already.

    `request` needs only its ids, tenant and trace: a service that stored those may build it again later.
    """
    first = await connection.fetchval(
        """
        insert into handled_request (request_id, answer, answer_type) values ($1, $2, $3)
        on conflict (request_id) do update set answer = excluded.answer, answer_type = excluded.answer_type
        where handled_request.answer is null
        returning true
        """,
        data.request_id,
        data.model_dump_json().encode(),
        data.TYPE,
    )
    if not first:
        return False
    await append(connection, _answer_event(recorder, request, data))
    return True


def _answer_event(recorder: Recorder, request: Recorded, data: RequestAnswered) -> Recorded:
    return recorder.event(
        data,
        subject=request.subject,
        tenant_id=request.tenant_id,
        workspace_id=request.workspace_id,
        request_id=data.request_id,
        cause=request,
    )
