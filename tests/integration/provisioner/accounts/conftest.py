"""A simulator for the package, forgotten between tests, and a bench on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.account_bench import Bench
from tests.support.account_bench import bench as open_bench
from tests.support.simulator import Simulated, running_simulator


@pytest.fixture(scope="package")
def simulated() -> Iterator[Simulated]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(simulated: Simulated) -> Simulated:
    simulated.post("/_sim/reset")
    return simulated


@pytest.fixture
async def bench(database_url: str, simulator: Simulated) -> AsyncIterator[Bench]:
    async with open_bench(database_url, simulator) as opened:
        yield opened
