"""Fixtures of the domain tests: a migrated database each, one simulator for all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.simulator import Simulated, running_simulator


@pytest.fixture
def database(database_url: str) -> str:
    return database_url


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
