"""Replicas of every service join, leave and die every few seconds while 500 accounts are made: each comes to be, once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from shared.messaging.broker import KafkaSettings
from tests.reliability.replicas import SERVICES, Replicas
from tests.support.callers import Answer, Caller
from tests.support.invariants import check_invariants
from tests.support.kafka_engines import KafkaEngine
from tests.support.stack import running_stack

ACCOUNTS = 500
OVER_SECONDS = 60.0
"""The accounts are asked for over this time: the changes happen in the middle of the work, not after it."""
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
            answers = await many_accounts(caller, domain_id)

        evidence = await check_invariants(stack, answers, quiet_within=60.0)

        ends = Counter(account.status for account in evidence.accounts.values())
        assert ends == {"warming": ACCOUNTS * 8 // 10, "failed": ACCOUNTS * 2 // 10}
        assert_nothing_was_vacuous(replicas)


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


async def many_accounts(caller: Caller, domain_id: str) -> list[Answer]:
    """Ask for accounts at a steady pace, however long the earlier ones take."""

    async def one(number: int) -> Answer:
        await asyncio.sleep(number * OVER_SECONDS / ACCOUNTS)
        return await caller.account(f"{KINDS[number % len(KINDS)]}-{number}", domain_id, DOMAIN)

    return await asyncio.gather(*map(one, range(ACCOUNTS)))


def assert_nothing_was_vacuous(replicas: Replicas) -> None:
    """Replicas must have come and gone, and each time the group must have divided its partitions anew."""
    for service in SERVICES:
        seen = {change: replicas.changes[service, change] for change in LEAST_CHANGES}
        assert all(seen[change] >= least for change, least in LEAST_CHANGES.items()), (service, seen)
        assignments = replicas.assignments(service)
        assert assignments >= LEAST_ASSIGNMENTS, f"{assignments} assignments of {service} were seen"
