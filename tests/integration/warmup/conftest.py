"""The bench: a fresh database, a simulator without memory, the service's parts between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.warmup.providers.instantly import Instantly
from shared.db.pool import Pool, create_pool
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.provider import Provider
from tests.integration.warmup.bench import Bench, MovableClock
from tests.support.engines import drop_database, new_database
from tests.support.simulator import Simulated, running_simulator


@pytest.fixture(scope="package")
def simulator() -> Iterator[Simulated]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def sim(simulator: Simulated) -> Simulated:
    simulator.http.delete("/_sim/faults")
    simulator.post("/_sim/reset")
    simulator.knobs(job_outcome="success", unknown_warmup_email="skip")
    return simulator


@pytest.fixture(scope="package")
async def shared_pool(postgres_url: str, migrated_template: str) -> AsyncIterator[Pool]:
    url = await new_database(postgres_url, migrated_template)
    async with await create_pool(
        url, schema="warmup", role="mailwright_warmup", application="test"
    ) as shared:
        yield shared
    await drop_database(url)


@pytest.fixture
async def pool(shared_pool: Pool) -> Pool:
    """The service's tables, empty; the budget for the provider, full."""
    for table in (
        "waiting_command",
        "command",
        "waiting_retry",
        "warmup_day",
        "domain",
        "mail",
        "warmup",
        "event_pending",
        "handled_request",
    ):
        await shared_pool.execute(f"delete from {table}")
    await shared_pool.execute(
        "update providers.gate set tokens = 1000, failures = 0, blocked_until = '-infinity'"
    )
    return shared_pool


@pytest.fixture
async def bench(pool: Pool, sim: Simulated) -> AsyncIterator[Bench]:
    async with build_client(f"{sim.url}/instantly/api/v2", headers={"authorization": "Bearer key"}) as client:
        gate = Gate(pool, "instantly", "default", rate_per_second=1000, burst=1000)
        yield Bench(pool, sim, Instantly(Provider("instantly", client, gate, MovableClock())))
