"""Fifty clients draft the same thread at once, twenty times, while the service that decides is killed: one of them has it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.callers import Caller
from tests.support.eventually import eventually
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

DOMAIN = "race.example"
CLIENTS, ROUNDS = 50, 20
KILLED = frozenset({3, 8, 13, 18})
"""The rounds in the middle of which the service dies."""
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": "1500",
}


@pytest.mark.contract("S3-27", "S3-28", "S3-36")
@pytest.mark.promise("I1", "I6", "I7", "I9")
async def test_one_of_fifty_has_the_thread_and_the_others_are_told_which() -> None:
    async with running_stack(env=SETTINGS) as stack, Caller(stack, patience_seconds=120.0) as caller:
        sender = await _sender(caller)
        for number in range(ROUNDS):
            racing = asyncio.gather(*(_draft(caller, sender, number, client) for client in range(CLIENTS)))
            if number in KILLED:
                await asyncio.sleep(0)
                stack.kill("threads")
            answers = await racing

            assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CLIENTS - 1}
            [won] = [answer.json() for answer in answers if answer.status_code == 201]
            lost = [answer.json() for answer in answers if answer.status_code == 409]
            assert {body["existing_thread"]["id"] for body in lost} == {won["thread"]["id"]}
            assert all(_ids(body["existing_threads"]) == [won["thread"]["id"]] for body in lost)
        _assert_killed(stack)
        await check_invariants(stack, caller.answers)


async def _sender(caller: Caller) -> UUID:
    """Have an account that may send, because its warmup was ended."""
    made = await caller.account("racer", await caller.verified_domain(DOMAIN), DOMAIN)
    assert made.subject is not None, made
    assert (await caller.command_warmup(made.subject, made.address, "disable")).status == 200
    return made.subject


async def _draft(caller: Caller, sender: UUID, number: int, client: int) -> httpx.Response:
    """Ask for a thread, each client with a key of its own, and wait until it is decided."""
    body = {
        "account_id": str(sender),
        "participant_email": f"Friend-{number}@Example.com",
        "draft_subject": "Hi",
    }
    key = f"draft {number} {client}"

    async def decided() -> httpx.Response | None:
        answer = await caller.ask("POST", "/api/threads", body=body, key=key, prefer="wait=40")
        assert answer is not None, "nobody answered"
        return answer if answer.status_code != 202 else None

    found = await eventually(decided, within=120, what=f"{key} is decided")
    assert found is not None
    return found


def _ids(existing: dict[str, Any]) -> list[str]:
    return [thread["id"] for thread in existing["threads"]]


def _assert_killed(stack: RunningStack) -> None:
    killed = sum(said.startswith("threads was killed by SIGKILL") for said in stack.said)
    assert killed >= len(KILLED), stack.said
