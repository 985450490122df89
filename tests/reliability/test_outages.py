"""The broker dies and comes back empty, and the whole stack dies at once: every accepted request still gets its one answer."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from tests.support.callers import Answer, Caller
from tests.support.engines import scratch_folder
from tests.support.eventually import eventually
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

SAGAS = 50
DOMAIN = "outage.example"
KINDS = ("ada", "ada", "ada", "fail-sender", "fail-tag", "fail-warmup")
SETTINGS = {"MAILWRIGHT_SWEEP_SECONDS": "[1, 3]", "MAILWRIGHT_SAGA_LEASE_SECONDS": "5"}


@pytest.mark.promise("R05", "R06", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")
async def test_a_broker_that_comes_back_empty_loses_nothing() -> None:
    async with running_stack(env=SETTINGS) as stack, Caller(stack, patience_seconds=120.0) as caller:
        domain_id = await caller.verified_domain(DOMAIN)
        before = asyncio.create_task(many_accounts(caller, domain_id, "before"))
        await under_way(caller, SAGAS)

        stack.kill("broker")
        during = asyncio.create_task(many_accounts(caller, domain_id, "during"))
        await under_way(caller, SAGAS)
        await eventually(lambda: "broker is back" in stack.said, within=60.0)
        stack.kill("broker")

        answers = [*await before, *await during]
        assert caller.unanswered == 0, "the API felt that the broker was away"
        assert {answer.status for answer in answers} == {202}
        await check_invariants(stack, answers, quiet_within=120.0)


@pytest.mark.promise("R03", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")
async def test_a_stack_that_was_killed_whole_goes_on_where_it_was() -> None:
    with scratch_folder("killed") as data_dir:
        async with running_stack(data_dir, env=SETTINGS) as stack:
            caller = Caller(stack, patience_seconds=120.0)
            domain_id = await caller.verified_domain(DOMAIN)
            asked = asyncio.create_task(many_accounts(caller, domain_id, "asked"))
            await under_way(caller, SAGAS)
            await kill_everything(stack)
        async with running_stack(data_dir, env=SETTINGS) as again, caller:
            assert again.base_url == stack.base_url
            answers = await asked

            await check_invariants(again, answers, quiet_within=120.0)
            await assert_replays_are_the_same_bytes(caller, domain_id, answers)


async def many_accounts(caller: Caller, domain_id: str, batch: str) -> list[Answer]:
    names = (f"{KINDS[number % len(KINDS)]}-{batch}-{number}" for number in range(SAGAS))
    return await asyncio.gather(*(caller.account(name, domain_id, DOMAIN) for name in names))


async def under_way(caller: Caller, wanted: int) -> None:
    """Wait until the first accounts are settled and most of those asked for are not."""
    await eventually(lambda: len(caller.answers) > wanted // 10, within=60.0, every=0.005)
    assert caller.in_flight >= wanted // 3, "too late: there is nothing left in flight to hurt"


async def kill_everything(stack: RunningStack) -> None:
    """Kill the supervisor and all its children with -9, at once."""
    for pid in (stack.process.pid, *stack.pids.values()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await stack.process.wait()


async def assert_replays_are_the_same_bytes(caller: Caller, domain_id: str, answers: list[Answer]) -> None:
    """The one answer of a request that was done is found by its Idempotency-Key, as often as it is asked for."""
    living = [
        answer for answer in answers if answer.shown and answer.shown["status"] in {"warming", "pending"}
    ]
    for answer in living[:10]:
        username = answer.address.partition("@")[0]
        first, second = [await caller.repeat(username, domain_id, DOMAIN) for _ in range(2)]
        assert first is not None
        assert second is not None
        assert first.status_code == 201
        assert first.content == second.content
        assert first.json()["account"]["id"] == str(answer.subject)
