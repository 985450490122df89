"""How a request is accepted: with its event, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.requests.model import OpenRequest, RequestKind
from shared.content import parts
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller
from shared.db.columns import as_columns
from shared.db.pool import Connection
from shared.messaging import event_log

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
