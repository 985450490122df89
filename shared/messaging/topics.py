"""Creating the topics: explicitly, with their partition count, and again when a broker has lost them."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from shared.contracts.envelope import TOPICS
from shared.errors import MailwrightError, Retryable
from shared.messaging.broker import KafkaSettings, build_admin

TOPIC_ALREADY_EXISTS = 36


class TopicMismatch(MailwrightError):
    """A topic exists with another partition count than configured; changing it would re-key the aggregates."""

    code = "topic_mismatch"


async def create_topics(settings: KafkaSettings, *, timeout_seconds: float = 15.0) -> list[str]:
    """Create what is missing and return the names of the topics created; safe to repeat.

    Raises:
        TopicMismatch: A topic exists with fewer or more partitions than configured.
        Retryable: The broker cannot be reached within `timeout_seconds`.
    """
    admin = build_admin(settings)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _create(admin, settings)
    except TimeoutError as error:
        raise Retryable(
            f"The broker at {settings.bootstrap} does not answer.", code="broker_unreachable"
        ) from error
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> list[str]:
    while True:
        try:
            await admin.start()
            break
        except OSError:
            await asyncio.sleep(0.1)
        except Exception as error:  # aiokafka reports an unreachable broker as KafkaConnectionError
            if "Unable to bootstrap" not in str(error):
                raise
            await asyncio.sleep(0.1)
    response = await admin.create_topics(
        [NewTopic(name, settings.partitions, settings.replication) for name in TOPICS]
    )
    created = []
    for name, code, *_ in response.topic_errors:
        if code == 0:
            created.append(name)
        elif code != TOPIC_ALREADY_EXISTS:
            raise for_code(code)(name)
    await _compare(admin, settings, [name for name in TOPICS if name not in created])
    return created


async def _compare(admin: AIOKafkaAdminClient, settings: KafkaSettings, names: list[str]) -> None:
    """Hold topics to the configured partition count; one that is just being made is waited for."""
    while names:
        described = await admin.describe_topics(names)
        for topic in described:
            found = len(topic["partitions"])
            if topic["error_code"] == 0 and found != settings.partitions:
                raise TopicMismatch(
                    f"Topic {topic['topic']} has {found} partitions, configured are {settings.partitions}."
                )
        names = [topic["topic"] for topic in described if topic["error_code"] != 0]
        if names:
            await asyncio.sleep(0.1)
