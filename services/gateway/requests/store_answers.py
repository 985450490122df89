"""How a request is closed with its answer, and how that is forgotten in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.requests.sealing import seal_body
from shared.contracts.requests import Dialect
from shared.db.pool import Connection
from shared.security.vault import MasterKeys


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


def _array(ids: Iterable[UUID] | None) -> str | None:
    return None if ids is None else f"{{{','.join(map(str, ids))}}}"
