"""One stack for the whole folder; tests keep apart by names nobody else has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contract.puffle.driver import providers
from tests.contract.sendmux.driver import Json, Sendmux, caller
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack, running_stack

SETTINGS = {"MAILWRIGHT_GATEWAY_SENDMUX_CALLS_PER_MINUTE": "100000", "MAILWRIGHT_DOMAIN_POLL_SECONDS": "0.05"}


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[RunningStack]:
    async with running_stack(env=SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
async def sendmux(stack: RunningStack) -> AsyncIterator[Sendmux]:
    """The caller most tests are."""
    async with caller(stack, stack.keys["sendmux"]) as who:
        yield who


@pytest.fixture(scope="package")
async def stranger(stack: RunningStack) -> AsyncIterator[Sendmux]:
    """A caller of another team."""
    async with caller(stack, stack.keys_other["sendmux"]) as who:
        yield who


@pytest.fixture(scope="package")
async def nobody(stack: RunningStack) -> AsyncIterator[Sendmux]:
    """A caller without a key."""
    async with caller(stack, None) as who:
        yield who


@pytest.fixture(scope="package")
def sim(stack: RunningStack) -> Iterator[Simulated]:
    """The providers' side of the stack."""
    with providers(stack) as simulated:
        yield simulated


@pytest.fixture(scope="package")
async def domain(sendmux: Sendmux) -> Json:
    """A verified domain for tests that are not about domains."""
    return await sendmux.domain()
