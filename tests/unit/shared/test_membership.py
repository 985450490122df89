"""When a consumer has been silent for too long: a partition it was given, or the group it asked."""

from __future__ import annotations

import time

from aiokafka import TopicPartition

from shared.messaging.broker import _own_assignor
from shared.messaging.consumer import _Membership

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


async def test_a_group_that_never_answers_is_silent_from_the_start() -> None:
    before = time.monotonic()
    membership = _Membership()
    after = time.monotonic()

    assert before <= membership.silent_since() <= after


async def test_a_consumer_without_partitions_is_not_silent() -> None:
    membership = _Membership()
    await membership.on_partitions_assigned([])
    later = time.monotonic()

    assert membership.silent_since() >= later


async def test_one_silent_partition_counts_among_those_that_speak() -> None:
    membership = _Membership()
    await membership.on_partitions_assigned([FIRST, SECOND])
    assigned = time.monotonic()
    membership.hear([FIRST])

    assert membership.silent_since() <= assigned


async def test_after_a_revocation_the_group_owes_an_answer() -> None:
    membership = _Membership()
    await membership.on_partitions_assigned([FIRST])
    revoked = time.monotonic()
    await membership.on_partitions_revoked([FIRST])
    asked = time.monotonic()

    assert revoked <= membership.silent_since() <= asked


def test_consumers_do_not_share_the_assignors_memory() -> None:
    first, second = _own_assignor(), _own_assignor()

    first.member_assignment = [FIRST]

    assert second.member_assignment is None
