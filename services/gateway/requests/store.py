"""Every write of a request: accepted with its event in one statement, closed with its answer, forgotten in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.requests.sealing import seal_body
from shared.content import parts
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller, Dialect
from shared.db.columns import as_columns
from shared.db.pool import Connection
from shared.messaging import event_log
from shared.security.vault import MasterKeys

_EVENT = ", ".join(event_log.COLUMNS)
_OWN = (
    ("kind", "text"), ("dialect", "text"), ("owner_workspace_id", "uuid"), ("scope_id", "uuid"), ("key_id", "text"),
    ("user_id", "uuid"), ("route", "text"), ("call_id", "text"), ("idempotency_key", "text"),
    ("fingerprint", "bytea"), ("accepted_at", "timestamptz"), ("expires_at", "timestamptz"),
)  # fmt: skip
_ARRAYS = ", ".join(
    f"${n}::{kind}[]" for n, kind in enumerate([*event_log.SQL_TYPES, *(kind for _, kind in _OWN)], 1)
)

# Rows are written in the order of their keys, so that two groups with keys in common cannot wait for each other in a
# circle; events keep the order of the calls.
ACCEPT = f"""
    with incoming as (
        select * from unnest({_ARRAYS})
            with ordinality as t({_EVENT}, {", ".join(name for name, _ in _OWN)}, place)
    ), accepted as (
        insert into request (id, kind, dialect, tenant_id, workspace_id, scope_id, key_id, user_id, subject_id, route,
            call_id, idempotency_key, fingerprint, data, accepted_at, expires_at)
        select request_id, kind, dialect, tenant_id, owner_workspace_id, scope_id, key_id, user_id, subject, route,
            call_id, idempotency_key, fingerprint, convert_from(data, 'UTF8')::jsonb, accepted_at, expires_at
        from incoming order by tenant_id, scope_id, route, idempotency_key, place
        on conflict (tenant_id, scope_id, route, idempotency_key) do nothing
        returning id
    ), recorded as (
        insert into event_pending ({_EVENT})
        select {_EVENT} from incoming where request_id in (select id from accepted) order by place
    )
    select id from accepted
"""  # noqa: S608  only our own column names are interpolated


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request about to be accepted, with the event that tells its owner."""

    id: UUID
    kind: RequestKind
    caller: Caller
    workspace_id: UUID
    subject_id: UUID
    route: str
    call_id: str
    idempotency_key: str | None
    fingerprint: bytes
    event: Recorded
    accepted_at: datetime
    expires_at: datetime
    content: parts.Part | None = None
    """What its event refers to in the content store."""

    @property
    def scope_id(self) -> UUID:
        """What the Idempotency-Key is unique in."""
        return scope_of(self.caller)


def scope_of(caller: Caller) -> UUID:
    """Return what this caller's Idempotency-Keys are unique in: its workspace, or its tenant when bound to none."""
    return caller.workspace_id or caller.tenant_id


async def accept(connection: Connection, requests: Sequence[NewRequest]) -> set[UUID]:
    """Write requests with their events and their content; returns the ids of those whose key was free.

    The requests are one statement. Content is another in the same transaction, and only that of requests which were
    accepted.
    """
    if not requests:
        return set()
    if all(each.content is None for each in requests):
        return await _accept(connection, requests)
    async with connection.transaction():
        accepted = await _accept(connection, requests)
        contents = [each.content for each in requests if each.content and each.id in accepted]
        await parts.put_many(connection, contents)
    return accepted


async def _accept(connection: Connection, requests: Sequence[NewRequest]) -> set[UUID]:
    own = as_columns(
        (
            each.kind, each.caller.dialect, each.workspace_id, each.scope_id, each.caller.key_id, each.caller.user_id,
            each.route, each.call_id, each.idempotency_key, each.fingerprint, each.accepted_at, each.expires_at,
        )
        for each in requests
    )  # fmt: skip
    events = event_log.columns(each.event for each in requests)
    return {row["id"] for row in await connection.fetch(ACCEPT, *events, *own)}


async def open_local(
    connection: Connection,
    request: OpenRequest,
    caller: Caller,
    *,
    route: str,
    idempotency_key: str,
    fingerprint: bytes,
    expires_at: datetime,
) -> bool:
    """Take an Idempotency-Key for a request that the gateway decides in this transaction; False if it is taken.

    Whoever wants the same key meanwhile waits until the transaction ends.
    """
    done = await connection.fetchval(
        """
        insert into request (id, kind, dialect, tenant_id, workspace_id, scope_id, key_id, user_id, subject_id, route,
            call_id, idempotency_key, fingerprint, data, accepted_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '{}', $14, $15)
        on conflict (tenant_id, scope_id, route, idempotency_key) do nothing returning true
        """,
        request.id,
        request.kind,
        request.dialect,
        request.tenant_id,
        request.workspace_id,
        scope_of(caller),
        caller.key_id,
        caller.user_id,
        request.subject_id,
        route,
        request.call_id,
        idempotency_key,
        fingerprint,
        request.accepted_at,
        expires_at,
    )
    return bool(done)


async def load_open(connection: Connection, request_ids: Iterable[UUID]) -> dict[UUID, OpenRequest]:
    """Return those of the given requests that are open, and hold them until the transaction ends."""
    rows = await connection.fetch(
        """
        select id, kind, dialect, tenant_id, workspace_id, subject_id, accepted_at, call_id, key_id,
            (data->>'credential_id')::uuid as credential_id
        from request where id = any($1::uuid[]) and state = 'open' order by id for update
        """,
        list(request_ids),
    )
    return {
        row["id"]: OpenRequest(
            row["id"],
            RequestKind(row["kind"]),
            Dialect(row["dialect"]),
            row["tenant_id"],
            row["workspace_id"],
            row["subject_id"],
            row["accepted_at"],
            row["call_id"],
            row["key_id"],
            row["credential_id"],
        )
        for row in rows
    }


async def close_requests(
    connection: Connection,
    closings: Sequence[tuple[OpenRequest, StoredResponse]],
    *,
    at: datetime,
    keys: MasterKeys | None = None,
) -> int:
    """Store the final answers of open requests; returns how many were still open.

    An answer of 500 and above also frees the request's Idempotency-Key: it is sent to whoever waits for it now, and a
    later call with that key starts afresh.

    Raises:
        VaultError: A body holds secrets and no master keys were given.
    """
    if not closings:
        return 0
    sealed = [seal_body(request, response, keys) for request, response in closings]
    done = await connection.fetch(
        """
        update request set state = 'answered', answered_at = $1, code = t.code, message = t.message,
            answer_subject_id = t.subject_id, status = t.status, headers = t.headers, body = t.body,
            body_key_version = t.key_version, body_wrapped_key = t.wrapped_key, shown = t.shown::uuid[],
            idempotency_key = case when t.is_replayable then request.idempotency_key end
        from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::jsonb[], $8::bytea[], $9::int[],
            $10::bytea[], $11::bool[], $12::text[])
            as t(id, code, message, subject_id, status, headers, body, key_version, wrapped_key, is_replayable, shown)
        where request.id = t.id and request.state = 'open'
        returning request.id
        """,
        at,
        [request.id for request, _ in closings],
        [response.code for _, response in closings],
        [response.message for _, response in closings],
        [response.subject_id for _, response in closings],
        [response.status for _, response in closings],
        [response.headers for _, response in closings],
        [body.content for body in sealed],
        [body.key_version for body in sealed],
        [body.wrapped_key for body in sealed],
        [response.is_replayable for _, response in closings],
        [_array(response.shown) for _, response in closings],
    )
    return len(done)


def _array(ids: Iterable[UUID] | None) -> str | None:
    return None if ids is None else f"{{{','.join(map(str, ids))}}}"


async def free_expired_key(connection: Connection, request_id: UUID, now: datetime) -> None:
    """Free the Idempotency-Key of an answered request that has expired."""
    await connection.execute(
        "update request set idempotency_key = null where id = $1 and state = 'answered' and expires_at <= $2",
        request_id,
        now,
    )


async def forget_expired(connection: Connection, now: datetime, limit: int = 1_000) -> int:
    """Erase stored bytes and free the keys of answered requests that have expired; returns how many."""
    done = await connection.fetch(
        """
        update request set idempotency_key = null, headers = null, body = null, body_key_version = null,
            body_wrapped_key = null
        where id in (
            select id from request where body is not null and state = 'answered' and expires_at <= $1
            order by expires_at limit $2 for update skip locked
        )
        returning id
        """,
        now,
        limit,
    )
    return len(done)
