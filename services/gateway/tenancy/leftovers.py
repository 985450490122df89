"""What came into a workspace while it was being removed: found now and then, and deleted like the rest."""

from __future__ import annotations

from typing import Any

from services.gateway.requests.model import RequestKind
from services.gateway.requests.store import NewRequest, accept
from shared.contracts.accounts import AccountDeletionRequested
from shared.contracts.domains import DomainDeletionRequested
from shared.contracts.requests import Caller, Dialect, Request
from shared.db.pool import Connection
from shared.messaging.recorder import Recorder

NOBODY_ASKED = "removal"
"""Stands for key, call and route of requests that the gateway makes by itself."""

_LEFT = """
    select p.id, p.tenant_id, p.workspace_id, p.dialect, ({state}->>'user_id')::uuid as user_id
    from {table} p join workspace w on w.id = p.workspace_id and w.tenant_id = p.tenant_id
    where w.deleted_at is not null and p.created_at is not null and not p.is_deleted
        and p.status not in ('failed', 'deleting')
        and not exists (select 1 from request r where r.subject_id = p.id and r.kind = $1 and r.state = 'open')
    limit $2
"""


async def delete_leftovers(connection: Connection, recorder: Recorder, limit: int = 500) -> int:
    """Ask for the deletion of what is alive in removed workspaces, in the caller's transaction; returns of how much.

    A creation and the removal of its workspace that are committed at the same moment do not see each other.
    """
    accounts = await connection.fetch(
        _LEFT.format(table="account", state="p.account"), RequestKind.ACCOUNT_DELETE, limit
    )
    domains = await connection.fetch(
        _LEFT.format(table="domain", state="p.state"), RequestKind.DOMAIN_DELETE, limit
    )
    asked = [_request(recorder, RequestKind.ACCOUNT_DELETE, row) for row in accounts]
    asked += [_request(recorder, RequestKind.DOMAIN_DELETE, row) for row in domains]
    if asked:
        await accept(connection, asked)
    return len(asked)


def _request(recorder: Recorder, kind: RequestKind, row: Any) -> NewRequest:
    caller = Caller(
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        user_id=row["user_id"],
        key_id=NOBODY_ASKED,
        dialect=Dialect(row["dialect"]),
    )
    data: Request = (
        AccountDeletionRequested(caller=caller)
        if kind is RequestKind.ACCOUNT_DELETE
        else DomainDeletionRequested(caller=caller, cascade=True)
    )
    request_id, now = recorder.ids.new(), recorder.clock.now()
    event = recorder.event(
        data,
        subject=row["id"],
        tenant_id=caller.tenant_id,
        workspace_id=caller.workspace_id,
        request_id=request_id,
    )
    return NewRequest(
        id=request_id,
        kind=kind,
        caller=caller,
        workspace_id=row["workspace_id"],
        subject_id=row["id"],
        route=NOBODY_ASKED,
        call_id=NOBODY_ASKED,
        idempotency_key=None,
        fingerprint=b"",
        event=event,
        accepted_at=now,
        expires_at=now,
    )
