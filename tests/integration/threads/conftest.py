"""The bench: a fresh database and the parts of the threads service over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.db.pool import Pool, create_pool
from tests.integration.threads.bench import Bench
from tests.integration.threads.inbox import Inbox, open_inbox
from tests.integration.threads.post_office import PostOffice, open_post_office
from tests.support.engines import drop_database, new_database
from tests.support.simulator import Simulated, running_simulator


@pytest.fixture(scope="package")
async def shared_pool(postgres_url: str, migrated_template: str) -> AsyncIterator[Pool]:
    url = await new_database(postgres_url, migrated_template)
    async with await create_pool(
        url, schema="threads", role="mailwright_threads", application="test"
    ) as shared:
        yield shared
    await drop_database(url)


@pytest.fixture
async def pool(shared_pool: Pool) -> Pool:
    """The service's tables and the content store, empty."""
    for table in (
        "message",
        "thread",
        "sender",
        "sent_day",
        "suppression",
        "arrival",
        "poll",
        "webhook",
        "event_pending",
        "event_log",
        "parked",
        "dead_letters",
        "consumer_position",
        "consumer_gap",
        "handled_request",
        "content.part",
        "content.attachment",
    ):
        await shared_pool.execute(f"delete from {table}")
    return shared_pool


@pytest.fixture
def bench(pool: Pool) -> Bench:
    return Bench(pool)


@pytest.fixture(scope="package")
def simulated() -> Iterator[Simulated]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def simulator(simulated: Simulated) -> Simulated:
    """A simulator that has forgotten everything."""
    simulated.post("/_sim/reset")
    return simulated


@pytest.fixture
async def office(bench: Bench, simulator: Simulated) -> AsyncIterator[PostOffice]:
    async with open_post_office(bench, simulator) as opened:
        yield opened


@pytest.fixture
async def inbox(bench: Bench, simulator: Simulated) -> AsyncIterator[Inbox]:
    async with open_inbox(bench, simulator) as opened:
        yield opened
