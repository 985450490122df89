"""A gateway over real HTTP on a real database, with its owners played by the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import uvicorn

from services.gateway.bootstrap import build
from services.gateway.mail_servers import MailServers
from services.gateway.requests.render import rendering
from services.gateway.security.keys import KeyKind
from services.gateway.security.store import KeyAdmin
from services.gateway.settings import GatewaySettings
from services.gateway.subscribers import Projector
from shared.clock import Clock, RandomIds, SystemClock
from shared.contracts.accounts import AccountProvisioned, AccountStatus
from shared.contracts.answers import (
    AccountRequestAnswered,
    DomainRequestAnswered,
    Outcome,
    RequestAnswered,
    ThreadRequestAnswered,
)
from shared.contracts.domains import DomainRegistered, DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupStarted, WarmupStatus
from shared.db.pool import Pool, create_pool
from tests.support.eventually import eventually
from tests.support.gateway_events import account_state, domain_state, received, recorded, warmup_state

NO_BROKER = "127.0.0.1:1"
MASTER_KEYS = "1:" + "A" * 43 + "="

ANSWERS: dict[str, type[RequestAnswered]] = {
    "account": AccountRequestAnswered,
    "domain": DomainRequestAnswered,
    "thread": ThreadRequestAnswered,
}
"""What answers requests of each kind."""


@dataclass(frozen=True)
class Key:
    """An API key and what it is bound to."""

    text: str
    id: str
    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID


class GatewaySide:
    """The running gateway and everything a test needs to play its owners."""

    def __init__(self, base_url: str, pool: Pool, database_url: str) -> None:
        self.base_url = base_url
        self.pool = pool
        self.database_url = database_url
        self.projector = Projector(rendering(MailServers()), SystemClock(), None, lambda _: None)

    async def key(
        self,
        tenant: str = "Acme",
        workspace: str = "Default",
        *,
        scopes: tuple[str, ...] | None = None,
        kind: KeyKind = KeyKind.PUFFLE,
    ) -> Key:
        """Make a key."""
        async with self.pool.acquire() as connection:
            made = await KeyAdmin(connection, SystemClock(), RandomIds()).create(
                kind=kind, tenant=tenant, workspace=workspace, name="test", scopes=scopes
            )
            row = await connection.fetchrow("select * from api_key where id = $1", made.id)
        assert row is not None
        return Key(made.reveal(), made.id, row["tenant_id"], row["workspace_id"], row["user_id"])

    def client(self, key: Key | str | None = None, **options: Any) -> httpx.AsyncClient:
        """A client that calls with this key."""
        text = key.text if isinstance(key, Key) else key
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {text}"} if text else {},
            trust_env=False,
            timeout=30.0,
            **options,
        )

    async def project(self, *events: Recorded) -> None:
        """Let facts and answers arrive in one batch; only the waiting calls' own query can notice them."""
        async with self.pool.acquire() as connection, connection.transaction():
            await self.projector.on_events(connection, [received(each) for each in events])

    async def open_requests(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many requests are open and return them, oldest first."""

        async def look() -> list[dict[str, Any]]:
            rows = await self.pool.fetch("select * from request where state = 'open' order by id")
            return [dict(row) for row in rows] if len(rows) >= count else []

        return await eventually(look, what=f"{count} open requests")

    async def events(self) -> list[dict[str, Any]]:
        """Every event the gateway has recorded, whether the relay has taken it or not."""
        rows = await self.pool.fetch(
            "select event_id, type, subject, request_id, data from event_pending"
            " union all select event_id, type, subject, request_id, data from event_log"
        )
        return [dict(row) for row in rows]


def answer_to(request: dict[str, Any], outcome: Outcome = Outcome.DONE, **changes: Any) -> Recorded:
    """The answer to an open request, as its owner would record it."""
    data = ANSWERS[request["kind"].partition(".")[0]](
        **{
            "request_id": request["id"],
            "outcome": outcome,
            "subject_id": request["subject_id"],
            **changes,
        }
    )
    return Recorded(
        id=RandomIds().new(),
        subject=request["subject_id"],
        time=SystemClock().now(),
        tenant_id=request["tenant_id"],
        workspace_id=request["workspace_id"],
        data=data,
        request_id=request["id"],
    )


def came_to_be(
    request: dict[str, Any], warmup: WarmupStatus = WarmupStatus.WARMING, *, version: int = 1
) -> list[Recorded]:
    """The facts of an account that a create request asked for."""
    account, data = request["subject_id"], request["data"]
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = account_state(
        account,
        AccountStatus.PROVISIONED,
        user_id=request["user_id"],
        address=f"{data['username']}@example.com",
        username=data["username"],
        domain_id=UUID(data["domain_id"]),
        display_name=data["display_name"],
        created_at=request["accepted_at"],
        updated_at=request["accepted_at"],
        **owner,
    )
    return [
        recorded(AccountProvisioned(account=state), account, version, **owner),
        recorded(WarmupStarted(warmup=warmup_state(account, warmup, **owner)), account, version, **owner),
    ]


def registered(
    request: dict[str, Any], status: DomainStatus = DomainStatus.PENDING, version: int = 1
) -> Recorded:
    """The fact of a domain that a create request asked for."""
    domain = request["subject_id"]
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = domain_state(
        domain,
        status,
        user_id=request["user_id"],
        domain=request["data"]["domain"],
        created_at=request["accepted_at"],
        updated_at=request["accepted_at"],
        **owner,
    )
    return recorded(DomainRegistered(domain=state), domain, version, **owner)


@asynccontextmanager
async def gateway_side(
    database_url: str,
    *,
    kafka_bootstrap: str = NO_BROKER,
    clock: Clock | None = None,
    reach_database_at: str | None = None,
    **settings: Any,
) -> AsyncIterator[GatewaySide]:
    """Run a gateway; `reach_database_at` is the URL it gets, if that is not the test's own."""
    app = build(
        GatewaySettings.model_validate(
            {
                "database_url": reach_database_at or database_url,
                "kafka_bootstrap": kafka_bootstrap,
                "kafka_idempotence": False,
                "kafka_fetch_max_wait_ms": 20,
                "kafka_session_timeout_ms": 3000,
                "kafka_leave_group": False,
                "topic_partitions": 4,
                "master_keys": MASTER_KEYS,
                **settings,
            }
        ),
        clock=clock,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3)
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    pool = await create_pool(database_url, schema="gateway", role="mailwright_gateway", application="test")
    try:
        await eventually(lambda: server.started or serving.done(), what="the gateway listens")
        yield GatewaySide(f"http://127.0.0.1:{listener.getsockname()[1]}", pool, database_url)
    finally:
        server.should_exit = True
        await serving
        pool.terminate()
