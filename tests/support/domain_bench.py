"""The domains part on a bench: requests handed to its handlers, its worker run at will, its events read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from services.provisioner import accounts
from services.provisioner.context import Context
from services.provisioner.domains import domain_handlers, domain_worker, ownership_keys
from services.provisioner.settings import ProvisionerSettings
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import (
    AccountRequested,
    AddressAdditionRequested,
    AddressRemovalRequested,
    Plan,
    Step,
)
from shared.contracts.answers import AccountRequestAnswered, DomainRequestAnswered
from shared.contracts.domains import (
    DomainChangeRequested,
    DomainDeletionRequested,
    DomainFact,
    DomainRequested,
    DomainState,
    DomainVerificationRequested,
)
from shared.contracts.envelope import Event, Received
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.requests import Caller, Dialect
from shared.db.pool import Pool, create_pool
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.health import Tasks
from shared.http.provider import Provider
from shared.messaging.recorder import Recorder
from shared.security.vault import MasterKeys, Vault
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

MASTER_KEYS = "1:" + "QUFB" * 10 + "QUE="
IDS = RandomIds()


@dataclass(frozen=True)
class Tenant:
    """Who asks."""

    id: UUID = field(default_factory=IDS.new)
    workspace_id: UUID = field(default_factory=IDS.new)
    dialect: Dialect = Dialect.PUFFLE

    def caller(self) -> Caller:
        return Caller(
            tenant_id=self.id,
            workspace_id=self.workspace_id,
            user_id=self.id,
            key_id="key",
            dialect=self.dialect,
        )


@dataclass(frozen=True)
class Asked:
    """A request: its own id, and the id of the claim it is about."""

    request_id: UUID
    domain_id: UUID


class Bench:
    """One database, the simulator, and the domains part between them."""

    def __init__(self, context: Context, simulator: Simulated) -> None:
        self.context = context
        self.simulator = simulator
        self.pool: Pool = context.pool
        self.recorder = context.recorder
        self._handlers = {
            **domain_handlers(context.recorder, ownership_key=ownership_keys(context.settings)[-1]),
            **accounts.account_handlers(context.recorder, context.settings),
        }

    async def claim(self, domain: str, tenant: Tenant, request_id: UUID | None = None) -> Asked:
        data = DomainRequested(caller=tenant.caller(), workspace_id=tenant.workspace_id, domain=domain)
        return await self._ask(data, tenant, IDS.new(), request_id)

    async def verify(self, domain_id: UUID, tenant: Tenant) -> Asked:
        data = DomainVerificationRequested(caller=tenant.caller())
        return await self._ask(data, tenant, domain_id, None)

    async def change(
        self, domain_id: UUID, status: Literal["pending", "verifying", "failed"], tenant: Tenant
    ) -> Asked:
        data = DomainChangeRequested(caller=tenant.caller(), status=status)
        return await self._ask(data, tenant, domain_id, None)

    async def delete(self, domain_id: UUID, tenant: Tenant, *, cascade: bool = True) -> Asked:
        data = DomainDeletionRequested(caller=tenant.caller(), cascade=cascade)
        return await self._ask(data, tenant, domain_id, None)

    async def account(self, username: str, domain_id: UUID, tenant: Tenant) -> Asked:
        """Ask for an account of inbox and credentials; `domain_id` of what is returned is the account's."""
        data = AccountRequested(
            caller=tenant.caller(),
            plan=Plan(steps=(Step.INBOX, Step.CREDENTIALS)),
            workspace_id=tenant.workspace_id,
            username=username,
            domain_id=domain_id,
        )
        return await self._ask(data, tenant, IDS.new(), None)

    async def add_address(self, account_id: UUID, address: str, tenant: Tenant) -> Asked:
        data = AddressAdditionRequested(caller=tenant.caller(), address=address, is_primary=False)
        return await self._ask(data, tenant, account_id, None)

    async def remove_address(self, account_id: UUID, address: str, tenant: Tenant) -> Asked:
        data = AddressRemovalRequested(caller=tenant.caller(), address=address)
        return await self._ask(data, tenant, account_id, None)

    @asynccontextmanager
    async def accounts_working(self) -> AsyncIterator[None]:
        """Run the workers of the accounts part until the end of the block."""
        tasks = Tasks()
        async with accounts.running(self.context) as part, tasks.running(**part.tasks):
            yield

    async def account_statuses(self, domain_id: UUID) -> list[str]:
        rows = await self.pool.fetch("select status from account where domain_id = $1", domain_id)
        return [row["status"] for row in rows]

    async def _ask(self, data: Event, tenant: Tenant, subject: UUID, request_id: UUID | None) -> Asked:
        event = self.recorder.event(
            data,
            subject=subject,
            tenant_id=tenant.id,
            workspace_id=tenant.workspace_id,
            request_id=request_id or IDS.new(),
        )
        received = Received(event=event, source="gateway", topic=data.TOPIC, partition=0, position=1)
        async with self.pool.acquire() as connection, connection.transaction():
            await self._handlers[type(data)](connection, received)
        assert event.request_id is not None
        return Asked(event.request_id, subject)

    @asynccontextmanager
    async def working(self, lease_seconds: float = 10.0) -> AsyncIterator[None]:
        """Run the worker until the end of the block."""
        worker = domain_worker(self.context, lease_seconds=lease_seconds, poll_seconds=0.05)
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def recorded(self) -> list[Any]:
        return await self.pool.fetch("select * from event_pending order by id")

    async def facts(self, domain_id: UUID) -> list[DomainFact]:
        """The facts about a claim, in order, after a look at their versions."""
        rows = [row for row in await self.recorded() if row["subject"] == domain_id and row["sequence"]]
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        times = [row["event_time"] for row in rows]
        assert times == sorted(set(times))
        found = [EVENT_TYPES[row["type"]].model_validate_json(row["data"]) for row in rows]
        return [fact for fact in found if isinstance(fact, DomainFact)]

    async def told(self, domain_id: UUID) -> list[str]:
        """The names of the facts about a claim, a check that only repeats the one before left out."""
        names = [type(fact).__name__ for fact in await self.facts(domain_id)]
        return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]

    async def state(self, domain_id: UUID) -> DomainState:
        return (await self.facts(domain_id))[-1].domain

    async def has_status(self, domain_id: UUID, status: str) -> DomainState:
        async def look() -> DomainState | None:
            facts = await self.facts(domain_id)
            return facts[-1].domain if facts and facts[-1].domain.status == status else None

        found = await eventually(look, what=f"the claim is {status}")
        assert found is not None
        return found

    async def answers(self, request_id: UUID) -> list[DomainRequestAnswered]:
        rows = [row for row in await self.recorded() if row["type"] == DomainRequestAnswered.TYPE]
        found = [DomainRequestAnswered.model_validate_json(row["data"]) for row in rows]
        return [answer for answer in found if answer.request_id == request_id]

    async def answer(self, request_id: UUID) -> DomainRequestAnswered:
        found = await eventually(lambda: self.answers(request_id), what="the request is answered")
        assert len(found) == 1
        return found[0]

    async def account_answer(self, request_id: UUID) -> AccountRequestAnswered:
        async def look() -> AccountRequestAnswered | None:
            rows = [row for row in await self.recorded() if row["type"] == AccountRequestAnswered.TYPE]
            found = [AccountRequestAnswered.model_validate_json(row["data"]) for row in rows]
            return next((answer for answer in found if answer.request_id == request_id), None)

        answer = await eventually(look, what="the account's request is answered")
        assert answer is not None
        return answer

    def nothing_is_left(self, domain: str) -> bool:
        """Whether the providers hold neither the domain nor any record made for it."""
        state = self.simulator.http.get("/_sim/state").json()
        names = [item["domain"] for item in state["agentmail"]["domains"]]
        records = [item for item in state["cloudflare"]["records"] if item["name"].endswith(domain)]
        return domain not in names and not any(item.get("comment") for item in records)

    async def row(self, domain: str) -> Any:
        return await self.pool.fetchrow("select * from provider_domain where domain = $1", domain)


@asynccontextmanager
async def bench(
    database_url: str,
    simulator: Simulated,
    *,
    poll_seconds: float = 0.2,
    zones: str = "*",
    platform: str = "",
    master_keys: str = MASTER_KEYS,
    dns_timeout_seconds: float = 5.0,
    **more: Any,
) -> AsyncIterator[Bench]:
    """A bench whose checks follow each other quickly."""
    settings = ProvisionerSettings(
        database_url=SecretStr(database_url),
        kafka_bootstrap="unused",
        master_keys=SecretStr(master_keys),
        cloudflare_zones=zones,
        domain_poll_seconds=poll_seconds,
        platform_domains=platform,
        dns_servers=simulator.dns,
        dns_timeout_seconds=dns_timeout_seconds,
        **more,
    )
    clock = SystemClock()
    async with await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="bench"
    ) as pool:
        client = build_client(simulator.url, headers={"authorization": "Bearer am_test"}, read_seconds=2.0)
        agentmail = build_client(
            f"{simulator.url}/agentmail", headers={"authorization": "Bearer am_test"}, read_seconds=2.0
        )
        cloudflare = build_client(
            f"{simulator.url}/cloudflare/client/v4",
            headers={"authorization": "Bearer cf_test"},
            read_seconds=2.0,
        )

        def provider(name: str, http: Any) -> Provider:
            return Provider(name, http, Gate(pool, name, "test", rate_per_second=500, burst=500), clock)

        async with client, agentmail, cloudflare:
            yield Bench(
                Context(
                    settings=settings,
                    pool=pool,
                    recorder=Recorder(clock, RandomIds()),
                    vault=Vault(MasterKeys.parse(master_keys)),
                    agentmail=provider("agentmail", agentmail),
                    instantly=provider("instantly", client),
                    cloudflare=provider("cloudflare", cloudflare),
                    announce=lambda: None,
                ),
                simulator,
            )
