"""One simulator for the suite, empty for each test."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.simulator import HEADERS, Simulated, running_simulator


@pytest.fixture(scope="session")
def server() -> Iterator[Simulated]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def simulator(server: Simulated) -> Iterator[Simulated]:
    server.post("/_sim/reset")
    with httpx.Client(
        base_url=server.url, headers=HEADERS, timeout=10.0, trust_env=False, verify=False
    ) as client:
        yield Simulated(server.url, client)
