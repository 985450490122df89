"""The warmup service as a whole, in its own process's shape: over a real broker, and without anything it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from mailwright.ports import free_port
from services.warmup.bootstrap import build
from services.warmup.settings import WarmupSettings
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import AccountProvisioned
from shared.db.pool import connect, create_pool
from shared.messaging.broker import KafkaSettings
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.topics import create_topics
from tests.integration.warmup.bench import TENANT, WORKSPACE, account_state
from tests.support.engines import embedded_broker
from tests.support.eventually import eventually
from tests.support.simulator import Simulated


@pytest.fixture
def empty_broker() -> Iterator[str]:
    """A broker of its own: the log positions of another test's provisioner would mean something else here."""
    with embedded_broker() as bootstrap:
        yield bootstrap


def settings_for(database_url: str, kafka_bootstrap: str, sim_url: str, **more: float) -> WarmupSettings:
    return WarmupSettings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        kafka_idempotence=False,
        kafka_fetch_max_wait_ms=20,
        kafka_session_timeout_ms=2_000,
        kafka_leave_group=False,
        topic_partitions=4,
        instantly_url=f"{sim_url}/instantly/api/v2",
        instantly_key=SecretStr("key"),
        **more,  # type: ignore[arg-type]
    )


async def provision(database_url: str, kafka: KafkaSettings, account_id: UUID, address: str) -> None:
    """Say through the provisioner's own log and relay that an account is provisioned."""
    fact = Recorder(SystemClock(), RandomIds()).event(
        AccountProvisioned(account=account_state(account_id, address)),
        subject=account_id,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        sequence=6,
        request_id=account_id,
    )
    schema, role = "provisioner", "mailwright_provisioner"
    relay = asyncio.create_task(
        Relay(
            "provisioner", partial(connect, database_url, schema=schema, role=role, application="test"), kafka
        ).run()
    )
    try:
        async with await create_pool(database_url, schema=schema, role=role, application="test") as pool:
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, fact)
            await eventually(lambda: pool.fetchval("select sum(published) = 1 from relay_cursor"))
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


async def test_a_provisioned_account_warms_over_the_broker_and_graduates(
    database_url: str, empty_broker: str, sim: Simulated
) -> None:
    settings = settings_for(database_url, empty_broker, sim.url, day_seconds=0.5)
    await create_topics(settings.kafka())
    address = "whole@myagentmail.com"
    sim.inbox("whole")
    sim.sender(address, sim.inbox_key(address))
    account_id = RandomIds().new()

    app = build(settings)
    async with app.router.lifespan_context(app):
        await provision(database_url, settings.kafka(), account_id, address)
        async with await create_pool(
            database_url, schema="warmup", role="mailwright_warmup", application="test"
        ) as pool:

            async def told(name: str) -> bool:
                return bool(
                    await pool.fetchval(
                        "select true from event_log where subject = $1 and type = $2",
                        account_id,
                        f"mailwright.{name}.v1",
                    )
                )

            for name in ("warmup.started", "account.request_answered", "warmup.confirmed"):
                await eventually(partial(told, name), what=name)
            sim.advance(20)
            await eventually(partial(told, "warmup.graduated"), what="graduated")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://warmup") as client:
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/health/ready")).json() == {"ready": True, "troubles": {}}
            assert "mailwright_provider_calls_total" in (await client.get("/metrics")).text


async def test_it_starts_and_says_that_it_is_not_ready_while_everything_it_needs_is_away() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    settings = settings_for(f"postgresql://nobody@{nowhere}/none", nowhere, f"http://{nowhere}")

    app = build(settings)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://warmup")
    async with app.router.lifespan_context(app), client:
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert list(ready.json()["troubles"]) == ["database", "topics"]
        assert (await client.get("/health/live")).status_code == 200


async def test_another_role_cannot_read_its_tables(database_url: str) -> None:
    async with await create_pool(
        database_url, schema="gateway", role="mailwright_gateway", application="test"
    ) as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("select * from warmup.warmup")
