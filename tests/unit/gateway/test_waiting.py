"""Calls that wait for an answer: woken or polled, bounded in time and number, let go when the client or the service goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from services.gateway.requests import wait
from services.gateway.requests.model import StoredResponse
from services.gateway.requests.wait import Waiting
from shared.errors import Retryable
from tests.support.eventually import eventually

ONE, TWO = UUID(int=1), UUID(int=2)
ANSWER = StoredResponse(200, {}, b"{}")


class Answers:
    """The answers there are; counts how often it was asked for which."""

    def __init__(self) -> None:
        self.stored: dict[UUID, StoredResponse] = {}
        self.asked: list[set[UUID]] = []
        self.failures = 0

    async def look(self, wanted: Iterable[UUID]) -> dict[UUID, StoredResponse]:
        self.asked.append(set(wanted))
        if self.failures:
            self.failures -= 1
            raise OSError
        return {each: self.stored[each] for each in wanted if each in self.stored}


@asynccontextmanager
async def waiting_on(answers: Answers, limit: int = 10) -> AsyncIterator[Waiting]:
    waiting = Waiting(answers.look, limit=limit)
    running = asyncio.create_task(waiting.run())
    try:
        yield waiting
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_calls_are_answered_by_one_query_for_all_of_them() -> None:
    answers = Answers()
    async with waiting_on(answers) as waiting:
        calls = [asyncio.create_task(waiting.answer(each, 5)) for each in (ONE, TWO, ONE)]
        await eventually(lambda: {ONE, TWO} in answers.asked)

        answers.stored = {ONE: ANSWER, TWO: ANSWER}

        assert await asyncio.gather(*calls) == [ANSWER] * 3


async def test_a_call_whose_time_is_up_leaves_without_an_answer() -> None:
    async with waiting_on(Answers()) as waiting:
        assert await waiting.answer(ONE, 0.05) is None


async def test_an_answer_that_is_there_needs_no_wait() -> None:
    answers = Answers()
    answers.stored = {ONE: ANSWER}
    waiting = Waiting(answers.look, limit=10)

    assert await waiting.now(ONE) == ANSWER
    assert await waiting.now(TWO) is None


async def test_a_wake_is_a_look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "POLL_SECONDS", 60.0)
    answers = Answers()
    async with waiting_on(answers) as waiting:
        call = asyncio.create_task(waiting.answer(ONE, 60))
        answers.stored = {ONE: ANSWER}

        waiting.wake()

        assert await asyncio.wait_for(call, 5) == ANSWER


async def turns(count: int) -> None:
    """Let the event loop turn this often, which is how time passes for a poll without a pause."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_nothing_is_asked_while_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "POLL_SECONDS", 0.0)
    answers = Answers()
    async with waiting_on(answers) as waiting:
        call = asyncio.create_task(waiting.answer(ONE, 60))
        await turns(100)
        assert len(answers.asked) > 10

        call.cancel()
        await turns(10)
        asked = len(answers.asked)
        await turns(100)

        assert len(answers.asked) == asked


@pytest.mark.promise("R20")
async def test_stopping_lets_every_call_go_at_once() -> None:
    async with waiting_on(Answers()) as waiting:
        calls = [asyncio.create_task(waiting.answer(ONE, 30)) for _ in range(3)]
        await asyncio.sleep(0)

        waiting.stop()

        assert await asyncio.wait_for(asyncio.gather(*calls), 1) == [None] * 3
        assert await asyncio.wait_for(waiting.answer(ONE, 30), 1) is None


async def test_a_client_that_leaves_ends_its_wait() -> None:
    async with waiting_on(Answers()) as waiting:
        left = asyncio.Event()
        call = asyncio.create_task(waiting.answer(ONE, 30, left.wait))
        await asyncio.sleep(0)

        left.set()

        assert await asyncio.wait_for(call, 1) is None


@pytest.mark.promise("R26")
async def test_only_so_many_calls_may_wait() -> None:
    waiting = Waiting(Answers().look, limit=1)
    with waiting.place(), pytest.raises(Retryable), waiting.place():
        pass

    with waiting.place():
        pass


async def test_a_database_that_is_away_for_a_moment_is_asked_again() -> None:
    answers = Answers()
    answers.failures, answers.stored = 1, {ONE: ANSWER}
    async with waiting_on(answers) as waiting:
        assert await waiting.answer(ONE, 5) == ANSWER
