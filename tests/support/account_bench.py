"""The accounts half of the provisioner on a real database, with the simulator as its providers and no broker."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.provisioner import accounts
from services.provisioner.context import Context
from services.provisioner.settings import ProvisionerSettings
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import (
    AccountChangeRequested,
    AccountChanges,
    AccountDeletionRequested,
    AccountFact,
    AccountRequested,
    Plan,
    Step,
)
from shared.contracts.answers import AccountRequestAnswered
from shared.contracts.domains import DomainStatus
from shared.contracts.envelope import ACCOUNTS, Received, Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.requests import Caller, Dialect, Request
from shared.contracts.warmups import WarmupEnded, WarmupState, WarmupStatus
from shared.db.pool import Pool, create_pool
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.health import Tasks
from shared.http.provider import Provider
from shared.messaging.parts import Part
from shared.messaging.recorder import Recorder
from shared.security.vault import MasterKeys, Vault
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

TENANT, WORKSPACE, USER = UUID(int=0xA1), UUID(int=0xB1), UUID(int=0xC1)
DOMAIN_ID, DOMAIN = UUID(int=0xD1), "myagentmail.com"
MASTER_KEY = "1:" + base64.b64encode(bytes(range(32))).decode()
PUFFLE = Plan(steps=(Step.INBOX, Step.CREDENTIALS, Step.SENDER, Step.TAGS), warmup=True)
SENDMUX = Plan(steps=(Step.INBOX, Step.CREDENTIALS), soft_steps=(Step.CREDENTIALS,))
ids = RandomIds()
recorder = Recorder(SystemClock(), ids)


@dataclass(frozen=True)
class Event:
    """One recorded event, decoded."""

    id: UUID
    subject: UUID
    data: Any
    sequence: int | None
    request_id: UUID | None
    causation_id: UUID | None
    time: Any
    raw: bytes

    @property
    def name(self) -> str:
        """The class of its data."""
        return type(self.data).__name__


@dataclass
class Bench:
    """One provisioner without Kafka: requests go straight to its handler, events are read where they are recorded."""

    context: Context
    simulator: Simulated
    database_url: str
    tasks: list[Tasks] = field(default_factory=list)

    @property
    def pool(self) -> Pool:
        """The service's own connections."""
        return self.context.pool

    async def ask(self, username: str | None, *, plan: Plan = PUFFLE, **more: Any) -> Recorded:
        """Hand a create request to the handler as a consumed batch does, and return it."""
        request = self.request(username, plan=plan, **more)
        await self.hand_over(request)
        return request

    def request(
        self,
        username: str | None,
        *,
        plan: Plan = PUFFLE,
        tenant_id: UUID = TENANT,
        workspace_id: UUID = WORKSPACE,
        domain_id: UUID | None = DOMAIN_ID,
        dialect: Dialect = Dialect.PUFFLE,
        is_bound: bool = True,
        **more: Any,
    ) -> Recorded:
        """Make a create request; `is_bound` when its key sees one workspace only."""
        caller = Caller(
            tenant_id=tenant_id,
            workspace_id=workspace_id if is_bound else None,
            user_id=USER,
            key_id="k",
            dialect=dialect,
        )
        data = AccountRequested(
            caller=caller,
            plan=plan,
            workspace_id=workspace_id,
            username=username,
            domain_id=None if "domain" in more else domain_id,
            **more,
        )
        return recorder.event(
            data, subject=ids.new(), tenant_id=tenant_id, workspace_id=workspace_id, request_id=ids.new()
        )

    def deletion(self, created: Recorded, *, tenant_id: UUID = TENANT) -> Recorded:
        """Make a request to delete an account."""
        caller = Caller(
            tenant_id=tenant_id, workspace_id=WORKSPACE, user_id=USER, key_id="k", dialect=Dialect.PUFFLE
        )
        return recorder.event(
            AccountDeletionRequested(caller=caller),
            subject=created.subject,
            tenant_id=tenant_id,
            workspace_id=WORKSPACE,
            request_id=ids.new(),
        )

    async def change(
        self,
        created: Recorded,
        *,
        tenant_id: UUID = TENANT,
        expected_version: int | None = None,
        **changes: Any,
    ) -> Recorded:
        """Hand a request to change an account to the handler, and return it."""
        caller = Caller(
            tenant_id=tenant_id, workspace_id=WORKSPACE, user_id=USER, key_id="k", dialect=Dialect.PUFFLE
        )
        request = recorder.event(
            AccountChangeRequested(
                caller=caller,
                changes=AccountChanges(**changes),
                changed=tuple(changes),
                expected_version=expected_version,
            ),
            subject=created.subject,
            tenant_id=tenant_id,
            workspace_id=WORKSPACE,
            request_id=ids.new(),
        )
        await self.hand_over(request)
        return request

    async def delete(
        self, created: Recorded, *, tenant_id: UUID = TENANT, warmup_end_seconds: float = 60.0
    ) -> Recorded:
        """Hand a request to delete an account to the handler, and return it."""
        request = self.deletion(created, tenant_id=tenant_id)
        await self.hand_over(request, warmup_end_seconds=warmup_end_seconds)
        return request

    async def command(self, created: Recorded, data: Request) -> Recorded:
        """Hand a request about an account to its handler, and return it."""
        request = recorder.event(
            data,
            subject=created.subject,
            tenant_id=data.caller.tenant_id,
            workspace_id=created.workspace_id,
            request_id=ids.new(),
        )
        await self.hand_over(request)
        return request

    async def warmup_ended(self, created: Recorded) -> None:
        """Say what the warmup service says once it has let go of an account."""
        at = recorder.clock.now()
        warmup = WarmupState(
            account_id=created.subject,
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            address="",
            status=WarmupStatus.ENDED,
            created_at=at,
            updated_at=at,
        )
        await self.hand_over(
            recorder.event(
                WarmupEnded(warmup=warmup),
                subject=created.subject,
                tenant_id=TENANT,
                workspace_id=WORKSPACE,
                sequence=1,
            )
        )

    async def hand_over(self, request: Recorded, **settings: Any) -> None:
        """Handle an event in one transaction; settings differ from the bench's where given."""
        changed = self.context.settings.model_copy(update=settings)
        handler = accounts.account_handlers(recorder, changed)[type(request.data)]
        async with self.pool.acquire() as connection, connection.transaction():
            await handler(connection, Received(request, "gateway", ACCOUNTS, 0, 1))

    @asynccontextmanager
    async def working(self, **settings: Any) -> AsyncIterator[Part]:
        """Run the service's workers; settings differ from the bench's where given."""
        changed = self.context.settings.model_copy(update=settings)
        context = Context(**{**_fields(self.context), "settings": changed})
        tasks = Tasks()
        async with accounts.running(context) as part, tasks.running(**part.tasks):
            yield part
            assert not tasks.dead()

    async def events(self, account_id: UUID) -> list[Event]:
        """Return what was recorded about an account, in order."""
        rows = await self.pool.fetch("select * from event_pending where subject = $1 order by id", account_id)
        return [
            Event(
                row["event_id"],
                row["subject"],
                EVENT_TYPES[row["type"]].model_validate_json(row["data"]),
                row["sequence"],
                row["request_id"],
                row["causation_id"],
                row["event_time"],
                row["data"],
            )
            for row in rows
        ]

    async def facts(self, account_id: UUID) -> list[str]:
        """Return the names of an account's facts, in order."""
        return [event.name for event in await self.events(account_id) if isinstance(event.data, AccountFact)]

    async def answer(self, account_id: UUID) -> AccountRequestAnswered | None:
        """Return the answer recorded for an account's request, if it has one."""
        answers = [event.data for event in await self.events(account_id) if event.sequence is None]
        assert len(answers) <= 1
        return answers[0] if answers else None

    async def answered(self, request: Recorded) -> AccountRequestAnswered:
        """Wait for the one answer of a request and return it."""

        async def answers() -> list[AccountRequestAnswered]:
            found = [event.data for event in await self.events(request.subject) if event.sequence is None]
            return [data for data in found if data.request_id == request.request_id]

        (answer,) = await eventually(answers, what="the answer")
        return answer

    async def finished(self, *requests: Recorded) -> None:
        """Wait until the sagas of these requests are finished."""
        wanted = {request.subject for request in requests}

        async def all_done() -> bool:
            rows = await self.pool.fetch("select account_id from saga where finished_at is not null")
            return wanted <= {row["account_id"] for row in rows}

        await eventually(all_done, what="the sagas to finish")

    async def quiet(self, *requests: Recorded) -> None:
        """Wait until no saga is under a lease and none of these is due now."""

        async def nobody_works() -> bool:
            return not await self.pool.fetchval("select count(*) from saga where lease_token is not null")

        await eventually(nobody_works, what="leases to be given back")

    def effects(self, address: str) -> list[str]:
        """Return the effects the providers really had for an address, in order; shared tags are not among them."""
        local = address.partition("@")[0]
        return [
            entry["effect"]
            for entry in self.simulator.ledger()
            if entry["subject"] == address and "-warmup-" not in str(entry["key"])
        ] or ([] if "@" in address else self.effects(f"{local}@{DOMAIN}"))

    async def claim_domain(
        self,
        domain_id: UUID = DOMAIN_ID,
        domain: str = DOMAIN,
        *,
        status: DomainStatus = DomainStatus.VERIFIED,
        tenant_id: UUID = TENANT,
        workspace_id: UUID = WORKSPACE,
        is_platform: bool = False,
        dialect: Dialect = Dialect.PUFFLE,
    ) -> None:
        """Make a claim to a domain by hand."""
        await self.pool.execute(
            "insert into provider_domain (domain) values ($1) on conflict do nothing", domain
        )
        await self.pool.execute(
            """
            insert into domain_claim (
                id, tenant_id, workspace_id, user_id, dialect, domain, status, is_platform, version, ownership_value,
                publication, dns_records, is_dns_synced, created_at, updated_at
            ) values ($1, $2, $3, $4, $8, $5, $6, $7, 1, '', 'manual', '[]', false, now(), now())
            """,
            domain_id,
            tenant_id,
            workspace_id,
            USER,
            domain,
            status.value,
            is_platform,
            dialect.value,
        )


@asynccontextmanager
async def bench(database_url: str, simulator: Simulated, **settings: Any) -> AsyncIterator[Bench]:
    """Open a bench on a migrated database; waits and leases are short."""
    chosen = ProvisionerSettings(
        **{
            "database_url": database_url,
            "kafka_bootstrap": "127.0.0.1:1",
            "master_keys": MASTER_KEY,
            "agentmail_url": f"{simulator.url}/agentmail",
            "instantly_url": f"{simulator.url}/instantly/api/v2",
            "installation": "test",
            "saga_lease_seconds": 1.0,
            "sweep_seconds": (0.3, 0.6, 0.9, 1.5),
            **settings,
        }
    )
    async with AsyncExitStack() as stack:
        pool = await create_pool(
            database_url,
            schema="provisioner",
            role="mailwright_provisioner",
            application="bench",
            max_size=20,
        )
        stack.push_async_callback(_close, pool)

        async def provider(name: str, url: str) -> Provider:
            client = build_client(url, headers={"authorization": "Bearer am_test"}, read_seconds=10.0)
            await stack.enter_async_context(client)
            gate = Gate(pool, name, ids.new().hex, rate_per_second=1000, burst=1000)
            return Provider(name, client, gate, SystemClock())

        made = Bench(
            Context(
                settings=chosen,
                pool=pool,
                recorder=recorder,
                vault=Vault(MasterKeys.parse(MASTER_KEY)),
                agentmail=await provider("agentmail", chosen.agentmail_url),
                instantly=await provider("instantly", chosen.instantly_url),
                cloudflare=await provider("cloudflare", simulator.url),
                announce=lambda: None,
            ),
            simulator,
            database_url,
        )
        await made.claim_domain()
        yield made


async def _close(pool: Pool) -> None:
    await asyncio.wait_for(pool.close(), 5.0)


def _fields(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in Context.__dataclass_fields__}
