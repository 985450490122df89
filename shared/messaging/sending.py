"""Sending records in order: all of them acknowledged, or the first real trouble is raised."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import UnknownError

from shared.messaging.wire import Headers

CONFLICTS = 8
"""How often in a row a record may meet another producer before that counts as trouble."""
FIRST_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be sent, and the partition it belongs to."""

    topic: str
    partition: int
    headers: Headers
    key: bytes | None = None
    value: bytes = b""  # Kafka wants a key or a value; a control record has neither to say


async def send_in_order(producer: Any, messages: Sequence[Message]) -> None:
    """Send and wait for every acknowledgement.

    Of two producers that write to a partition at the same moment the embedded broker fails one, without a reason: that
    one's records are sent again, with those behind them, so that none stays ahead of an earlier one.

    Raises:
        KafkaError: The broker did not take them.
    """
    for attempt in range(CONFLICTS + 1):
        acknowledgements = [
            await producer.send(
                message.topic,
                message.value,
                key=message.key,
                partition=message.partition,
                headers=message.headers,
            )
            for message in messages
        ]
        results = await asyncio.gather(*acknowledgements, return_exceptions=True)
        messages, conflict = _left(messages, results)
        if conflict is None:
            return
        if attempt == CONFLICTS:
            raise conflict
        await asyncio.sleep(random.uniform(0.0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311  parts the two producers


def _left(messages: Sequence[Message], results: Sequence[Any]) -> tuple[list[Message], UnknownError | None]:
    """Return what must be sent again: in each partition, everything from the first conflict on."""
    trouble = (
        each for each in results if isinstance(each, BaseException) and not isinstance(each, UnknownError)
    )
    for error in trouble:
        raise error
    conflicts = [each for each in results if isinstance(each, UnknownError)]
    held: set[tuple[str, int]] = set()
    left = []
    for message, result in zip(messages, results, strict=True):
        place = (message.topic, message.partition)
        if isinstance(result, UnknownError) or place in held:
            held.add(place)
            left.append(message)
    return left, conflicts[0] if conflicts else None
