"""Whether the broker is there and its topics are divided as this service is set to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from shared.contracts.envelope import TOPICS
from shared.messaging.broker import KafkaSettings, build_admin

CHECK_SECONDS = 5.0


def topics_check(kafka: KafkaSettings) -> Callable[[], Awaitable[str | None]]:
    """Return a check that says in one sentence what is wrong, and what to do about it; None when all is well."""

    async def check() -> str | None:
        admin = build_admin(kafka)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await admin.start()
                # All of them: asking for one by name makes it, on a broker that creates topics by itself.
                return _trouble(await admin.describe_topics(), kafka.partitions)
        except (KafkaError, OSError):  # a timeout is an OSError
            return f"The broker at {kafka.bootstrap} does not answer."
        finally:
            await admin.close()

    return check


def _trouble(described: Sequence[dict[str, Any]], partitions: int) -> str | None:
    topics = {topic["topic"]: topic for topic in described}
    if missing := [name for name in TOPICS if name not in topics]:
        return f"The topics {', '.join(missing)} do not exist: run `mailwright topics create`."
    for name in TOPICS:
        found = len(topics[name]["partitions"])
        if topics[name]["error_code"] != 0 or not found:
            return f"The broker cannot serve the topic {name} yet."
        if found != partitions:
            return (
                f"The topic {name} has {found} partitions, MAILWRIGHT_TOPIC_PARTITIONS is {partitions}:"
                " one of them must change, and the topic's number cannot once it holds events."
            )
    return None
