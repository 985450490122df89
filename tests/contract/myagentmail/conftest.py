"""One stack for the whole folder; tests keep apart by names nobody else has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from services.gateway.security.keys import KeyKind
from services.gateway.security.store import KeyAdmin
from shared.clock import RandomIds, SystemClock
from shared.db.pool import connect
from tests.contract.myagentmail.driver import Agent, caller
from tests.support.simulator import HEADERS, Simulated
from tests.support.stack import RunningStack, running_stack


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[RunningStack]:
    async with running_stack(env={"MAILWRIGHT_DOMAIN_POLL_SECONDS": "0.05"}) as running:
        yield running


@pytest.fixture(scope="package")
async def agent(stack: RunningStack) -> AsyncIterator[Agent]:
    """The caller most tests are: a tenant with its master key."""
    async with caller(stack, stack.keys["myagentmail"]) as who:
        yield who


@pytest.fixture(scope="package")
async def stranger(stack: RunningStack) -> AsyncIterator[Agent]:
    """Another tenant with its master key."""
    async with caller(stack, stack.keys_other["myagentmail"]) as who:
        yield who


@pytest.fixture(scope="package")
async def nobody(stack: RunningStack) -> AsyncIterator[Agent]:
    """A caller without a key."""
    async with caller(stack, None) as who:
        yield who


@pytest.fixture(scope="package")
def sim(stack: RunningStack) -> Iterator[Simulated]:
    """The providers' side of the stack."""
    with httpx.Client(base_url=stack.simulator_url, headers=HEADERS, timeout=10.0, trust_env=False) as http:
        yield Simulated(stack.simulator_url, http)


@pytest.fixture(scope="package")
async def super_admin(stack: RunningStack) -> str:
    """The key of the installation's operator, who belongs to no tenant."""
    connection = await connect(
        stack.database_url, schema="gateway", role="mailwright_gateway", application="test"
    )
    try:
        admin = KeyAdmin(connection, SystemClock(), RandomIds())
        made = await admin.create(kind=KeyKind.OPERATOR, tenant="", workspace="", name="test")
    finally:
        await connection.close()
    return made.reveal()
