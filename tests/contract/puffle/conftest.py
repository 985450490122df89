"""One stack for the whole folder; tests keep apart by names nobody else has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.puffle.driver import Json, Puffle, caller, fresh, providers
from tests.contract.puffle.threads import sender
from tests.support.engines import scratch_folder
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack, running_stack

DAY_SECONDS = 6.0
"""Short enough that a warmup day is judged within a test, long enough that none graduates by itself meanwhile."""


@pytest.fixture(scope="package")
def failpoints_dir() -> Iterator[Path]:
    """Where a file arms a fail point in the stack's services."""
    with scratch_folder("failpoints") as folder:
        yield folder


@pytest.fixture(scope="package")
async def stack(failpoints_dir: Path) -> AsyncIterator[RunningStack]:
    settings = {
        "MAILWRIGHT_FAILPOINTS_DIR": str(failpoints_dir),
        "MAILWRIGHT_DOMAIN_POLL_SECONDS": "0.05",
        "MAILWRIGHT_DOMAIN_RECHECK_HOURS": "20",  # with these days, verified domains are looked at every 5 seconds
    }
    async with running_stack(day_seconds=DAY_SECONDS, env=settings) as running:
        yield running


@pytest.fixture(scope="package")
async def puffle(stack: RunningStack) -> AsyncIterator[Puffle]:
    """The caller most tests are."""
    async with caller(stack, stack.keys["puffle"]) as who:
        yield who


@pytest.fixture(scope="package")
async def stranger(stack: RunningStack) -> AsyncIterator[Puffle]:
    """A caller of another tenant."""
    async with caller(stack, stack.keys_other["puffle"]) as who:
        yield who


@pytest.fixture(scope="package")
async def nobody(stack: RunningStack) -> AsyncIterator[Puffle]:
    """A caller without a key."""
    async with caller(stack, None) as who:
        yield who


@pytest.fixture(scope="package")
def sim(stack: RunningStack) -> Iterator[Simulated]:
    """The providers' side of the stack."""
    with providers(stack) as simulated:
        yield simulated


@pytest.fixture(scope="package")
async def domain(puffle: Puffle) -> Json:
    """A verified domain for tests that are not about domains."""
    return await puffle.domain()


@pytest.fixture(scope="module")
async def ada(puffle: Puffle, domain: Json) -> Json:
    """A sender that may send, of this file alone."""
    return await sender(puffle, domain, "ada")


@pytest.fixture(scope="package")
async def hanging(puffle: Puffle, domain: Json, sim: Simulated) -> httpx.Response:
    """The answer of a create call whose inbox is made by a provider that then says nothing.

    It takes the length of a provider's timeout to go on, so it is begun early and looked at again late.
    """
    name = fresh("hanging")
    address = f"{name}@{domain['domain']}"
    sim.fault("agentmail", "inboxes.create", "timeout", when="after", match=address, times=1)
    return await puffle.create(name, domain, {"Prefer": "wait=1"})
