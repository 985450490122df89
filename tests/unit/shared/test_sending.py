"""Records are sent in order, also past a broker that lets one of two simultaneous producers fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from aiokafka.errors import MessageSizeTooLargeError, UnknownError

from shared.messaging import sending
from shared.messaging.sending import Message, send_in_order

ONE, TWO = ("accounts", 0), ("accounts", 1)


class Producer:
    """Takes records, and fails those whose turn it is to fail."""

    def __init__(self, failures: Iterable[BaseException | None] = ()) -> None:
        self._failures: Iterator[BaseException | None] = iter(failures)
        self.taken: list[tuple[tuple[str, int], bytes]] = []

    async def send(self, topic: str, value: bytes, *, partition: int, **_: object) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failure = next(self._failures, None)
        if failure is None:
            self.taken.append(((topic, partition), value))
            done.set_result(None)
        else:
            done.set_exception(failure)
        return done


def messages(*places: tuple[str, int]) -> list[Message]:
    return [Message(*place, headers=[], value=str(n).encode()) for n, place in enumerate(places)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FIRST_PAUSE_SECONDS", 0.0)


async def test_all_are_sent_once() -> None:
    producer = Producer()

    await send_in_order(producer, messages(ONE, TWO, ONE))

    assert producer.taken == [(ONE, b"0"), (TWO, b"1"), (ONE, b"2")]


async def test_after_a_conflict_the_rest_of_its_partition_is_sent_again_in_order() -> None:
    producer = Producer([UnknownError(), None, None])

    await send_in_order(producer, messages(ONE, TWO, ONE))

    assert producer.taken == [(TWO, b"1"), (ONE, b"2"), (ONE, b"0"), (ONE, b"2")]


async def test_a_conflict_that_does_not_end_is_trouble() -> None:
    producer = Producer(UnknownError() for _ in range(100))

    with pytest.raises(UnknownError):
        await send_in_order(producer, messages(ONE))


async def test_other_trouble_is_raised_at_once() -> None:
    producer = Producer([UnknownError(), MessageSizeTooLargeError()])

    with pytest.raises(MessageSizeTooLargeError):
        await send_in_order(producer, messages(ONE, TWO))

    assert producer.taken == []
