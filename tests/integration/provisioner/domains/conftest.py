"""Fixtures of the domain tests: a migrated database each, one simulator for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.db.migrate import migrate
from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.engines import drop_database, embedded_postgres, new_database
from tests.support.simulator import Simulated, running_simulator


@pytest.fixture(scope="package")
def migrated() -> Iterator[tuple[str, str]]:
    """A server's URL and the name of a database at the newest schema."""
    with embedded_postgres() as server:

        async def prepare() -> str:
            url = await new_database(server)
            await migrate(url)
            return url.rsplit("/", 1)[1]

        yield server, asyncio.run(prepare())


@pytest.fixture
async def database(migrated: tuple[str, str]) -> AsyncIterator[str]:
    server, template = migrated
    url = await new_database(server, template)
    yield url
    await drop_database(url)


@pytest.fixture(scope="package")
def running() -> Iterator[Simulated]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulated) -> Simulated:
    assert running.post("/_sim/reset").status_code == 200
    running.http.delete("/_sim/faults")
    return running


@pytest.fixture
async def domains(database: str, simulator: Simulated) -> AsyncIterator[Bench]:
    async with bench(database, simulator) as made:
        yield made


@pytest.fixture
def acme() -> Tenant:
    return Tenant()


@pytest.fixture
def globex() -> Tenant:
    return Tenant()
