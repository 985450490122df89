"""One fresh simulator for each test."""

from collections.abc import Iterator

import pytest

from tests.support.simulator import Simulated, running_simulator


@pytest.fixture
def simulator() -> Iterator[Simulated]:
    with running_simulator() as running:
        yield running
