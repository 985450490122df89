"""Mail arrives while the services that take it in die and their provider falters: each joins its thread once, none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg
import httpx
import pytest

from services.threads.fail_points_inbound import FAIL_POINTS
from tests.reliability.load import arm, disarm
from tests.reliability.nemesis import Nemesis
from tests.support.callers import Caller
from tests.support.engines import scratch_folder
from tests.support.eventually import eventually
from tests.support.evidence import Evidence
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

MAILS = 240
INBOXES = 6
WRITERS = 20
"""Each writes to every inbox in turn, so that mails of one thread arrive all the time."""
SILENCE_EVERY = 40
"""After so many mails our webhook is switched off, until the next check of it."""
MAIL_SECONDS = 0.05
WITHIN_SECONDS = 90.0
DOMAIN = "arrivals.example"
POINTS = (*FAIL_POINTS, "gateway.webhook.before_commit", "gateway.webhook.after_commit")
FAULTS: tuple[dict[str, object], ...] = (
    {"operation": "messages.get", "kind": "status", "status": 503, "probability": 0.1, "seed": 1},
    {"operation": "messages.list", "kind": "status", "status": 500, "probability": 0.1, "seed": 2},
    {"operation": "messages.list", "kind": "drop", "probability": 0.1, "seed": 3},
    {"operation": "messages.list", "kind": "malformed", "probability": 0.1, "seed": 4},
    {"operation": "webhooks.*", "kind": "drop", "when": "after", "probability": 0.2, "seed": 5},
)
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": "1500",
    "MAILWRIGHT_POLL_SECONDS": "1",
    "MAILWRIGHT_POLL_SECONDS_BESIDE_WEBHOOKS": "2",
    "MAILWRIGHT_WEBHOOK_CHECK_SECONDS": "1",
}


@pytest.mark.promise("R01", "I6", "I7", "I8", "I9")
async def test_every_mail_joins_its_thread_once() -> None:
    with scratch_folder("failpoints") as folder:
        nemesis = Nemesis(folder)
        settings = {**SETTINGS, "MAILWRIGHT_FAILPOINTS_DIR": str(folder)}
        async with running_stack(env=settings) as stack, Caller(stack, patience_seconds=150.0) as caller:
            inboxes = await made(caller)
            await arm(stack, [{"provider": "agentmail", **fault} for fault in FAULTS])
            async with striking(nemesis) as is_over:
                sent = await write(stack, inboxes, is_over)
            await disarm(stack)

            await eventually(lambda: is_quiet(stack, len(sent)), within=90.0, every=0.5, what="all is kept")
            evidence = await check_invariants(stack, caller.answers, quiet_within=60.0)
            assert_each_is_kept_once(evidence, sent)
            assert all(nemesis.fired[point] for point in POINTS), nemesis.fired


async def made(caller: Caller) -> list[str]:
    """Make accounts and return their addresses."""
    domain_id = await caller.verified_domain(DOMAIN)
    answers = await asyncio.gather(
        *(caller.account(f"reader-{number}", domain_id, DOMAIN) for number in range(INBOXES))
    )
    return [answer.address for answer in answers]


@asynccontextmanager
async def striking(nemesis: Nemesis) -> AsyncIterator[asyncio.Task[None]]:
    """Kill the services at every point of an arrival, two at a time, while mail arrives; gives the task that does."""
    strikes = asyncio.create_task(nemesis.strike(POINTS, at_once=2, in_flight=lambda: 1))
    try:
        yield strikes
    finally:
        strikes.cancel()
        nemesis.disarm()


async def write(
    stack: RunningStack, inboxes: list[str], strikes: asyncio.Task[None]
) -> dict[str, tuple[str, str]]:
    """Let mail arrive until there is enough and every point was struck; return who wrote each to whom, by Message-ID."""
    sent: dict[str, tuple[str, str]] = {}
    deadline = asyncio.get_running_loop().time() + WITHIN_SECONDS
    headers = {"Authorization": "Bearer am_writers"}
    async with httpx.AsyncClient(base_url=stack.simulator_url, headers=headers, trust_env=False) as simulator:
        for number in count():
            is_late = asyncio.get_running_loop().time() > deadline
            if number >= MAILS and (strikes.done() or is_late):
                return sent
            if number % SILENCE_EVERY == SILENCE_EVERY - 1:
                await silence(simulator)
            to, writer = inboxes[number % INBOXES], f"writer-{number % WRITERS}@example.net"
            mail = {"to": to, "from": f"Writer <{writer.upper()}>", "subject": "Hi", "text": f"Mail {number}"}
            arrived = await simulator.post("/_sim/inbound", json=mail)
            assert arrived.status_code == 201, arrived.text
            sent[arrived.json()["message_id"]] = (to, writer)
            await asyncio.sleep(MAIL_SECONDS)
    raise AssertionError("numbers do not end")


async def silence(simulator: httpx.AsyncClient) -> None:
    """Switch our webhook off; faults may keep it from being seen or changed, and then it stays on."""
    for _ in range(5):
        try:
            listed = await simulator.get("/agentmail/v0/webhooks")
            for webhook in listed.json()["webhooks"] if listed.status_code == 200 else ():
                await simulator.patch(
                    f"/agentmail/v0/webhooks/{webhook['webhook_id']}", json={"enabled": False}
                )
        except httpx.TransportError:
            continue
        return


async def is_quiet(stack: RunningStack, mails: int) -> bool:
    """Return whether so many mails are kept and nothing more is to be worked off."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        row = await connection.fetchrow(
            """
            select (select count(*) from threads.message where direction = 'inbound') as kept,
                (select count(*) from threads.arrival where due_at is not null) as waiting
            """
        )
    finally:
        await connection.close()
    assert row is not None
    return bool(row["kept"] >= mails and row["waiting"] == 0)


def assert_each_is_kept_once(evidence: Evidence, sent: dict[str, tuple[str, str]]) -> None:
    """One fact per mail, in the one thread of its writer and its inbox."""
    facts = [
        fact
        for facts in evidence.facts().values()
        for fact in facts
        if fact.kind == "thread.message_received"
    ]
    kept = Counter(fact.data["message"]["provider_message_id"] for fact in facts)
    assert kept == Counter(sent.keys())
    threads: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        message = fact.data["message"]
        pair = (message["to_email"], message["from_email"])
        assert pair == sent[message["provider_message_id"]]
        threads.setdefault(pair, set()).add(message["thread_id"])
    assert all(len(ids) == 1 for ids in threads.values()), threads
