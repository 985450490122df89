"""The gateway's projector on a real database: pools of both roles, open requests, and a render that tells what it got."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.gateway.requests.model import OpenRequest, Secrets, StoredResponse
from services.gateway.subscribers import Projector
from services.gateway.views import AccountView, DomainView, View
from services.gateway.views_threads import ThreadAnswerView
from shared.clock import SystemClock
from shared.contracts.answers import RequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection, Pool, create_pool
from tests.support.gateway_events import START, TENANT, WORKSPACE, received


def render(
    request: OpenRequest,
    answer: RequestAnswered,
    view: View | None,
    _secrets: Secrets | None = None,
) -> StoredResponse:
    """A response that says what the renderer was given."""
    told = {
        "outcome": answer.outcome,
        "status": _status(view),
        "domain": view.domain and view.domain.domain if isinstance(view, AccountView) else None,
    }
    return StoredResponse(200, {}, json.dumps(told).encode(), subject_id=request.subject_id)


def _status(view: View | None) -> str | None:
    match view:
        case AccountView():
            return view.status
        case DomainView():
            return view.domain.status
        case ThreadAnswerView():
            return view.thread.thread.status
        case None:
            return None


@dataclass
class ProjectionSide:
    """The projector with its pools; `told` are the requests it said were closed."""

    worker: Pool
    reader: Pool
    told: list[UUID] = field(default_factory=list)
    projector: Projector = field(init=False)

    def __post_init__(self) -> None:
        self.projector = Projector(render, SystemClock(), None, self.told.extend)

    async def project(self, *events: Recorded, source: str = "provisioner") -> None:
        """Project these as one batch."""
        async with self.worker.acquire() as connection, connection.transaction():
            await self.projector.on_events(connection, [received(each, source) for each in events])
        self.projector.after_commit()

    async def open_request(self, request_id: UUID, subject: UUID, kind: str = "account.create") -> None:
        """Write an open request as accepting one would."""
        await self.worker.execute(
            """
            insert into request (id, kind, dialect, tenant_id, workspace_id, scope_id, key_id, user_id, subject_id, route,
                call_id, fingerprint, data, accepted_at, expires_at)
            values ($1, $2, 'puffle', $3, $4, $4, 'key', $4, $5, 'route', 'call', '', '{}', $6, $6)
            """,
            request_id,
            kind,
            TENANT,
            WORKSPACE,
            subject,
            START,
        )

    async def response(self, request_id: UUID) -> dict[str, Any] | None:
        """What the request's stored response says, None while it is open."""
        body = await self.worker.fetchval("select body from request where id = $1", request_id)
        return None if body is None else dict(json.loads(body))

    @asynccontextmanager
    async def as_caller(
        self, tenant: UUID | None, workspace: UUID | None = None
    ) -> AsyncIterator[Connection]:
        """A connection that serves a request of this tenant."""
        async with self.reader.acquire() as connection, connection.transaction():
            if tenant is not None:
                await connection.execute("select set_config('app.tenant', $1, true)", str(tenant))
            if workspace is not None:
                await connection.execute("select set_config('app.workspace', $1, true)", str(workspace))
            yield connection

    async def rows(self, table: str) -> Sequence[Any]:
        """Every row of a projection, whole."""
        return await self.worker.fetch(f"select to_jsonb(t)::text as row from {table} t order by id")


@asynccontextmanager
async def projection_side(database_url: str) -> AsyncIterator[ProjectionSide]:
    """The projector on a migrated database."""
    worker = await create_pool(database_url, schema="gateway", role="mailwright_gateway", application="test")
    reader = await create_pool(
        database_url, schema="gateway", role="mailwright_gateway_request", application="test"
    )
    async with worker, reader:
        yield ProjectionSide(worker, reader)
