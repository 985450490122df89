"""What is done for each mail that arrives, and every few seconds, reads no table of threads or messages from end to end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.threads.store_arrivals import BETWEEN
from services.threads.store_sending import CLAIM, SendingDesk
from shared.db.pool import Pool
from tests.integration.threads.bench import START, WORKSPACE, ids
from tests.support.plans import steps_of

ACCOUNT = UUID(int=4)
TOKENS = [ids.new()]
STATEMENTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "the thread with a writer": (BETWEEN, (WORKSPACE, ACCOUNT, "ann@example.com", ["active", "archived"])),
    "the next messages to send": (CLAIM, (TOKENS, START, 10.0)),
    "leases that go on": (SendingDesk.renewing(), (TOKENS, 10.0)),
    "leases that are given back": (SendingDesk.releasing(), (TOKENS,)),
}


@pytest.mark.parametrize("what", STATEMENTS)
async def test_an_index_finds(pool: Pool, what: str) -> None:
    statement, values = STATEMENTS[what]
    async with pool.acquire() as connection, connection.transaction():
        # Whatever the tables hold: a scan that an index could have spared is not chosen.
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetchval(f"explain (format json) {statement}", *values)
    scanned = {step["Relation Name"] for step in steps_of(plan) if step["Node Type"] == "Seq Scan"}
    assert not scanned & {"message", "thread"}
