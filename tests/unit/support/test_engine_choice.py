"""Which Apache Kafka a test run takes."""

from __future__ import annotations

import pytest

from tests.support.kafka_engines import choose_kafka


@pytest.mark.parametrize(
    ("given", "containers", "programs", "expected"),
    [
        ("127.0.0.1:9092", True, {"java", "mvn"}, "given"),
        (None, True, {"java", "mvn"}, "container"),
        (None, False, {"java", "mvn"}, "local"),
        (None, False, {"java"}, None),
        (None, False, set(), None),
    ],
)
def test_the_nearest_kafka_is_taken(
    given: str | None, containers: bool, programs: set[str], expected: str | None
) -> None:
    environment = {"MAILWRIGHT_TEST_KAFKA": given} if given else {}

    chosen = choose_kafka(
        environment, has_containers=lambda: containers, has_program=lambda name: name in programs
    )

    assert chosen == expected
