"""Long random walks through everything that can happen to threads: what must always hold holds after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest

from services.threads import limits
from services.threads.domain import message as messages
from services.threads.domain import thread as threads
from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from services.threads.handlers.facts import tell_message
from services.threads.store import Store
from shared.content.model import MailContent
from shared.contracts.accounts import AccountDeleting, AccountStatus, Failure
from shared.contracts.threads import (
    MessageFact,
    MessageFailed,
    MessageSent,
    MessageUnknown,
    ThreadingMode,
)
from shared.contracts.warmups import WarmupStatus
from tests.integration.threads.bench import HELLO, Bench
from tests.support.legal import THREAD_LIVES

STEPS = 150
PEOPLE = ("ann@example.com", "Ann@Example.com", "bob@example.com", "cy@example.com", None)
FAILURE = Failure(code="message_refused", message="No.")
CONTENTS = (
    HELLO,
    MailContent(text="Only text"),
    MailContent(subject="Only a subject"),
    MailContent(text="Copied", cc="eve@example.com"),
)
Step = Callable[[], Awaitable[None]]


class Walk:
    """One walk: it asks, sends and deletes by chance, and knows of every request it made."""

    def __init__(self, bench: Bench, random: Random) -> None:
        self.bench, self.random = bench, random
        self.accounts: list[UUID] = []
        self.threads: list[UUID] = []
        self.asked: list[UUID] = []
        self.sending: list[UUID] = []
        """Requests to send, which are answered only when the message came to an end."""

    async def begin(self) -> None:
        for number in range(3):
            account = await self.bench.account(address=f"s{number}@myagentmail.com", daily_limit=6)
            self.accounts.append(account)

    async def step(self) -> None:
        self.bench.clock.pass_(seconds=self.random.random() * 3600)
        steps: tuple[tuple[Step, int], ...] = (
            (self.draft, 5), (self.change, 5), (self.send, 9), (self.touch, 4), (self.conclude, 5), (self.erase, 1),
            (self.turn_warmup, 2), (self.lose_account, 1),
        )  # fmt: skip
        [step] = self.random.choices([each for each, _ in steps], [weight for _, weight in steps])
        await step()

    async def draft(self) -> None:
        content = self.random.choice((*CONTENTS, None))
        account = self.random.choice((*self.accounts, None))
        thread, request = await self.bench.draft(account, self.random.choice(PEOPLE), content)
        self.asked.append(request)
        if (await self.bench.answer(request))["code"] is None:
            self.threads.append(thread)

    async def change(self) -> None:
        if not self.threads:
            return
        changes: dict[str, Any] = self.random.choice(
            (
                {"status": "archived"},
                {"status": "active"},
                {"account_id": self.random.choice((*self.accounts, None))},
                {"participant_email": self.random.choice(PEOPLE)},
                {"participant_name": "Ann"},
                {},
            )
        )
        names = self.random.choice(((), ("text",), ("subject", "cc")))
        content = self.random.choice(CONTENTS) if names else None
        self.asked.append(await self.bench.change(self._thread(), content, names, **changes))

    async def send(self) -> None:
        if not self.threads:
            return
        _, request = await self.bench.send(
            self._thread(),
            self.random.choice((HELLO, *CONTENTS)),
            account_id=self.random.choice((self.accounts[-1], None, None)),
            mode=self.random.choice((None, *ThreadingMode)),
        )
        self.sending.append(request)

    async def erase(self) -> None:
        if self.threads:
            self.asked.append(await self.bench.erase(self._thread()))

    async def touch(self) -> None:
        """Let the worker commit the intent to send a message."""
        await self.bench.pool.execute(
            """
            update message set intent_at = now() where id =
                (select id from message where status = 'queued' and intent_at is null order by id limit 1)
            """
        )

    async def conclude(self) -> None:
        """Let the worker learn what became of a message."""
        row = await self.bench.pool.fetchrow(
            "select id, thread_id from message where status = 'queued' and intent_at is not null order by id limit 1"
        )
        if row is None:
            return
        async with self.bench.pool.acquire() as connection, connection.transaction():
            store = Store(connection, self.bench.recorder)
            thread, message = await store.thread(row["thread_id"]), await store.message(row["id"])
            assert thread is not None
            assert message is not None
            after, ended, fact = self._end(thread, message)
            told, ended, event = tell_message(
                self.bench.recorder, thread, after, message, ended, fact, request_id=message.request_id
            )
            assert await store.save_thread(thread, told)
            await store.save_message(message, ended)
            await store.record(event)
            if fact is MessageFailed and message.day is not None:
                await limits.give_back(connection, message.account_id, message.day)

    def _end(self, thread: Thread, message: Message) -> tuple[Thread, Message, type[MessageFact]]:
        now = self.bench.clock.now()
        fact = self.random.choice((MessageSent, MessageSent, MessageFailed, MessageUnknown))
        if fact is MessageFailed:
            return threads.not_sent(thread), messages.failed(message, FAILURE), fact
        if fact is MessageUnknown:
            return threads.perhaps_sent(thread, now), messages.unknown(message, FAILURE), fact
        return threads.sent(thread, now), messages.sent(message, now, f"<{message.id}@world>"), fact

    async def turn_warmup(self) -> None:
        status = self.random.choice((*[WarmupStatus.GRADUATED] * 6, WarmupStatus.WARMING))
        version = 1 + int(self.bench.clock.now().timestamp())
        await self.bench.warmup(self.random.choice(self.accounts), status, version=version)

    async def lose_account(self) -> None:
        account = self.accounts.pop()
        self.accounts.insert(0, await self.bench.account(daily_limit=6))
        await self.bench.account(
            account_id=account, fact=AccountDeleting, status=AccountStatus.DELETING, version=9, warmup=None
        )

    def _thread(self) -> UUID:
        return self.random.choice(self.threads[-6:])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.contract("S3-27", "S3-36")
@pytest.mark.promise("I6", "I14")
async def test_what_must_always_hold_holds_after_every_step(bench: Bench, seed: int) -> None:
    walk = Walk(bench, Random(seed))
    await walk.begin()
    for _ in range(STEPS):
        await walk.step()
        await _no_pair_is_there_twice(bench)
        await _content_is_what_is_referred_to(bench)
        await _days_count_what_may_have_left(bench)
    await _every_thread_lived_a_legal_life(bench, walk)
    await _every_request_has_its_one_answer(bench, walk)


async def _no_pair_is_there_twice(bench: Bench) -> None:
    twice = await bench.pool.fetch(
        """
        select account_id, participant_email from thread
        where account_id is not null and participant_email is not null and status in ('draft', 'active')
        group by 1, 2 having count(*) > 1
        """
    )
    assert not twice


async def _content_is_what_is_referred_to(bench: Bench) -> None:
    difference = await bench.pool.fetch(
        """
        with referred as (
            select draft_ref as id from thread where draft_ref is not null
            union all
            select m.content_ref from message m join thread t on t.id = m.thread_id where t.status <> 'erased'
        )
        select id from content.part full join referred using (id) where part.id is null or referred.id is null
        """
    )
    assert not difference


async def _days_count_what_may_have_left(bench: Bench) -> None:
    difference = await bench.pool.fetch(
        """
        select * from
            (select account_id, day, count(*) as messages from message where status <> 'failed' group by 1, 2) m
            full join (select * from sent_day where messages > 0) s using (account_id, day)
        where m.messages is distinct from s.messages
        """
    )
    assert not difference


async def _every_thread_lived_a_legal_life(bench: Bench, walk: Walk) -> None:
    told = 0
    for thread in walk.threads:
        facts = await bench.facts(thread)
        told += len(facts)
        for before, fact in zip([None, *facts], facts, strict=False):
            status = before.data["thread"]["status"] if before else None
            assert fact.data["thread"]["status"] in THREAD_LIVES[status]
    assert told > STEPS / 8


async def _every_request_has_its_one_answer(bench: Bench, walk: Walk) -> None:
    answered = Counter(
        UUID(each.data["request_id"]) for each in await bench.told() if each.name == "request_answered"
    )
    assert all(answered[request] == 1 for request in walk.asked)
    concluded = {
        each.request_id
        for each in await bench.told()
        if each.name in {"message_sent", "message_failed", "message_unknown"}
    }
    queued = {row["request_id"] for row in await bench.pool.fetch("select request_id from message")}
    for request in walk.sending:
        assert answered[request] == 1 or request in concluded | queued
        assert answered[request] <= 1
