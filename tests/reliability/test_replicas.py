"""Replicas of every service join, leave and die every few seconds while 500 accounts are made: each comes to be, once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from shared.messaging.broker import KafkaSettings
from tests.reliability.replicas import SERVICES, Replicas
from tests.support.callers import SCRIPTED_FAILURES, Answer, Caller
from tests.support.invariants import check_invariants
from tests.support.kafka_engines import KafkaEngine
from tests.support.stack import running_stack

ACCOUNTS = 500
OVER_SECONDS = 60.0
"""The accounts are asked for over this time: the changes happen in the middle of the work, not after it."""
LONGEST_SECONDS = 240.0
"""On a slow machine changes take longer; so long some more accounts are asked for, that they still meet work."""
DOMAIN = "replicas.example"
KINDS = (*["ada"] * 8, "fail-sender", "fail-tag")
LEAST_CHANGES = {"join": 5, "share": 1, "leave": 3, "kill": 1, "crash": 1}
"""What every service must have seen, or the run proves nothing."""
LEAST_ASSIGNMENTS = 6
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_SAGA_LEASE_SECONDS": "4",
    "MAILWRIGHT_SWEEP_SECONDS": "[2, 4]",
}


@pytest.mark.promise("R21", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")
async def test_replicas_that_come_and_go_lose_and_duplicate_nothing(broker: KafkaEngine) -> None:
    env = {**SETTINGS, **reached_by(broker.settings)}
    async with running_stack(env=env) as stack, Caller(stack, patience_seconds=120.0) as caller:
        domain_id = await caller.verified_domain(DOMAIN)
        async with Replicas(stack) as replicas:
            answers = await many_accounts(caller, domain_id, replicas)

        evidence = await check_invariants(stack, answers, quiet_within=60.0)

        ends = Counter(account.status for account in evidence.accounts.values())
        refused = sum(answer.address.startswith(SCRIPTED_FAILURES) for answer in answers)
        assert ends == {"warming": len(answers) - refused, "failed": refused}
        missing = list(not_seen(replicas))
        assert not missing, missing


def reached_by(kafka: KafkaSettings) -> dict[str, str]:
    """The settings that bring a stack to this broker instead of its own."""
    return {
        "MAILWRIGHT_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "MAILWRIGHT_KAFKA_IDEMPOTENCE": str(kafka.idempotence),
        "MAILWRIGHT_KAFKA_FETCH_MAX_WAIT_MS": str(kafka.fetch_max_wait_ms),
        "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": str(kafka.session_timeout_ms),
        "MAILWRIGHT_KAFKA_LEAVE_GROUP": str(kafka.leave_group),
        "MAILWRIGHT_TOPIC_PARTITIONS": str(kafka.partitions),
    }


async def many_accounts(caller: Caller, domain_id: str, replicas: Replicas) -> list[Answer]:
    """Ask for accounts at a steady pace, however long the earlier ones take, and for a few more until enough has changed."""
    asked: list[asyncio.Task[Answer]] = []
    began = time.monotonic()
    while len(asked) < ACCOUNTS or (time.monotonic() < began + LONGEST_SECONDS and any(not_seen(replicas))):
        name = f"{KINDS[len(asked) % len(KINDS)]}-{len(asked)}"
        asked.append(asyncio.create_task(caller.account(name, domain_id, DOMAIN)))
        due = began + len(asked) * OVER_SECONDS / ACCOUNTS
        await asyncio.sleep(max(due - time.monotonic(), 0.0) if len(asked) < ACCOUNTS else 1.0)
    return await asyncio.gather(*asked)


def not_seen(replicas: Replicas) -> Iterator[str]:
    """Say what a run must not lack: replicas came and went, and each time the group divided its partitions anew."""
    for service in SERVICES:
        seen = {change: replicas.changes[service, change] for change in LEAST_CHANGES}
        if any(seen[change] < least for change, least in LEAST_CHANGES.items()):
            yield f"{service} has only seen {seen}"
        if (assignments := replicas.assignments(service)) < LEAST_ASSIGNMENTS:
            yield f"{service} has only seen {assignments} assignments"
