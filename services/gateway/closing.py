"""Closing requests: an answer becomes the one response as soon as the projection shows what the answer promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from services.gateway.closing_threads import thread_views, threads_shown
from services.gateway.projection import is_reached
from services.gateway.projection_rows import Owner
from services.gateway.queries import accounts_to_show, domains_to_show
from services.gateway.requests.model import OpenRequest
from services.gateway.requests.render import Render, revealed_by
from services.gateway.requests.store_answers import close_requests, load_open
from services.gateway.revealing import Revealing, reveal
from services.gateway.store_projection import Answered, Rows
from services.gateway.views import View
from shared.contracts.answers import (
    AccountRequestAnswered,
    DomainRequestAnswered,
    RequestAnswered,
    ThreadRequestAnswered,
)
from shared.contracts.envelope import Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.db.pool import Connection
from shared.security.vault import MasterKeys


def answered_rows(events: Sequence[Recorded]) -> Answered:
    """Return the rows that the answers among these events are about, with whom they belong to."""
    return Answered(
        accounts=_subjects(events, AccountRequestAnswered),
        domains=_subjects(events, DomainRequestAnswered),
        threads=_subjects(events, ThreadRequestAnswered),
    )


def _subjects(events: Iterable[Recorded], kind: type[RequestAnswered]) -> dict[UUID, Owner]:
    return {
        event.data.subject_id: (event.tenant_id, event.workspace_id)
        for event in events
        if isinstance(event.data, kind) and event.data.needs
    }


async def close_answered(
    connection: Connection,
    events: Sequence[Recorded],
    rows: Rows,
    advanced: set[UUID],
    render: Render,
    *,
    at: datetime,
    keys: MasterKeys | None,
) -> list[UUID]:
    """Close every request whose answer's needs are reached now and return their ids; the other answers wait.

    `events` is the batch, `rows` what it led to, under lock, and `advanced` the ids of the rows it changed.
    """
    answers = {
        event.data.request_id: event.data for event in events if isinstance(event.data, RequestAnswered)
    }
    waiting = await _waiting_for(connection, advanced)
    ready = {
        request_id: answer
        for request_id, answer in {**waiting, **answers}.items()
        if is_reached(answer, rows.find(answer.subject_id))
    }
    requests = await load_open(connection, answers.keys() | ready.keys()) if answers or ready else {}
    await _remember(
        connection,
        [
            (requests[each], answer)
            for each, answer in answers.items()
            if each in requests and each not in ready
        ],
    )
    closing = sorted(ready.keys() & requests.keys())
    views = await _views(connection, {each: (requests[each], ready[each]) for each in closing})
    revealings = [
        Revealing(requests[each], ready[each], views.get(each), kind)
        for each in closing
        if (kind := revealed_by(requests[each])) is not None
    ]
    secrets = await reveal(connection, keys, revealings, at)
    closings = []
    for each in closing:
        request, answer, view = requests[each], ready[each], views.get(each)
        response = render(request, answer, view, secrets.get(each))
        closings.append((request, replace(response, shown=threads_shown(request, answer, view))))
    await close_requests(connection, closings, at=at, keys=keys)
    await _forget(connection, [request_id for request_id in waiting if request_id in ready])
    return [request.id for request, _ in closings]


async def _views(
    connection: Connection, answers: Mapping[UUID, tuple[OpenRequest, RequestAnswered]]
) -> dict[UUID, View]:
    """Return, by request, what is visible of the subjects of their answers; of a refused account, for one, nothing is."""
    views: dict[UUID, View] = {}
    if accounts := _of(answers, AccountRequestAnswered):
        found = await accounts_to_show(connection, set(accounts.values()))
        views |= {each: found[subject] for each, subject in accounts.items() if subject in found}
    if domains := _of(answers, DomainRequestAnswered):
        claims = await domains_to_show(connection, set(domains.values()))
        views |= {each: claims[subject] for each, subject in domains.items() if subject in claims}
    about_threads = {
        each: pair for each, pair in answers.items() if isinstance(pair[1], ThreadRequestAnswered)
    }
    return views | await thread_views(connection, about_threads) if about_threads else views


def _of(
    answers: Mapping[UUID, tuple[OpenRequest, RequestAnswered]], kind: type[RequestAnswered]
) -> dict[UUID, UUID]:
    return {
        request_id: answer.subject_id
        for request_id, (_, answer) in answers.items()
        if isinstance(answer, kind)
    }


async def _waiting_for(connection: Connection, advanced: set[UUID]) -> dict[UUID, RequestAnswered]:
    if not advanced:
        return {}
    found = await connection.fetch(
        "select request_id, type, data::text from pending_answer where subject_id = any($1::uuid[])",
        list(advanced),
    )
    return {
        row["request_id"]: cast("RequestAnswered", EVENT_TYPES[row["type"]].model_validate_json(row["data"]))
        for row in found
    }


async def _remember(connection: Connection, answers: Sequence[tuple[OpenRequest, RequestAnswered]]) -> None:
    if answers:
        await connection.execute(
            """
            insert into pending_answer (request_id, subject_id, tenant_id, type, data)
            select a.request_id, a.subject_id, a.tenant_id, a.type, a.data::jsonb
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
                as a (request_id, subject_id, tenant_id, type, data)
            on conflict (request_id) do nothing
            """,
            [request.id for request, _ in answers],
            [answer.subject_id for _, answer in answers],
            [request.tenant_id for request, _ in answers],
            [answer.TYPE for _, answer in answers],
            [answer.model_dump_json() for _, answer in answers],
        )


async def _forget(connection: Connection, request_ids: Sequence[UUID]) -> None:
    if request_ids:
        await connection.execute("delete from pending_answer where request_id = any($1::uuid[])", request_ids)
