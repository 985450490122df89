"""What is read of a request: by its Idempotency-Key, by what it is about, and, for those who wait, its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.requests.model import RequestKind, StoredResponse
from services.gateway.requests.sealing import StoredBody, open_body
from services.gateway.requests.store import scope_of
from shared.contracts.requests import Caller
from shared.db.pool import Connection, Pool
from shared.observability.logging import get_logger
from shared.security.vault import MasterKeys, VaultError

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A request found by its Idempotency-Key."""

    id: UUID
    subject_id: UUID
    fingerprint: bytes
    expires_at: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Creation:
    """The request that made, or is to make, an account, a domain or a thread; `data` is that of its event."""

    subject_id: UUID
    user_id: UUID
    data: dict[str, Any]
    is_open: bool
    status: int | None
    code: str | None
    message: str | None
    answer_subject_id: UUID | None
    accepted_at: datetime
    answered_at: datetime | None


async def find_by_key(pool: Pool | Connection, caller: Caller, route: str, key: str) -> KnownRequest | None:
    """Return the request that this caller's scope made with this key on this route."""
    row = await pool.fetchrow(
        """
        select id, subject_id, fingerprint, expires_at, state = 'open' as is_open from request
        where tenant_id = $1 and scope_id = $2 and route = $3 and idempotency_key = $4
        """,
        caller.tenant_id,
        scope_of(caller),
        route,
        key,
    )
    return KnownRequest(**row) if row else None


async def find_creation(
    connection: Connection, caller: Caller, kind: RequestKind, subject_id: UUID
) -> Creation | None:
    """Return the caller's request that is to make this account or domain, if it came through the caller's dialect.

    One that was deleted has a tombstone, whatever its request came to.
    """
    row = await connection.fetchrow(
        """
        select subject_id, user_id, data, state = 'open' as is_open, status, code, message, answer_subject_id,
            accepted_at, answered_at
        from request where subject_id = $1 and kind = $2 and dialect = $3 and tenant_id = $4
            and ($5::uuid is null or workspace_id = $5)
            and not exists (select from account where id = $1 and is_deleted)
            and not exists (select from domain where id = $1 and is_deleted)
            and not exists (select from thread where id = $1 and is_deleted)
        """,
        subject_id,
        kind,
        caller.dialect,
        caller.tenant_id,
        caller.workspace_id,
    )
    return Creation(**row) if row else None


async def answers_of(
    pool: Pool, request_ids: Iterable[UUID], keys: MasterKeys | None
) -> dict[UUID, StoredResponse]:
    """Return the answers of those of the given requests that have one.

    A sealed one that does not open here is told and left out: it is for a replica that has its key.
    """
    rows = await pool.fetch(
        """
        select id, status, headers, body, body_key_version, body_wrapped_key from request
        where id = any($1::uuid[]) and state = 'answered' and body is not null
        """,
        list(request_ids),
    )
    answers: dict[UUID, StoredResponse] = {}
    for row in rows:
        kept = StoredBody(row["body"], row["body_key_version"], row["body_wrapped_key"])
        try:
            body = open_body(row["id"], kept, keys)
        except VaultError as error:
            log.warning("answer_not_opened", request_id=str(row["id"]), reason=str(error))
            continue
        is_secret = kept.wrapped_key is not None
        answers[row["id"]] = StoredResponse(row["status"], row["headers"], body, is_secret=is_secret)
    return answers
