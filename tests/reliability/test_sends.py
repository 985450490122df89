"""Five hundred mails are sent while the service that sends dies and its provider cuts calls off: each leaves once, none is silent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.threads.fail_points import FAIL_POINTS
from tests.reliability.correspondents import Correspondents, active_senders
from tests.reliability.load import arm, disarm
from tests.reliability.nemesis import Nemesis
from tests.support.callers import Caller
from tests.support.engines import scratch_folder
from tests.support.evidence import Evidence, Json
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

SENDS = 500
PER_THREAD = 2
SENDERS = 24
"""As many as it takes: each may send thirty mails a day."""
IN_FLIGHT = 40
DOMAIN = "sends.example"
SHARE = 0.03
"""How often each kind strikes, of all mails that are handed over."""
KILLS = 5
KINDS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502, "when": "after", "body": "<html>Bad gateway</html>"},
    {"kind": "status", "status": 429, "retry_after": 0.1},
    {"kind": "status", "status": 403, "body": {"name": "MessageRejectedError", "code": "message_rejected"}},
    {"kind": "drop"},
    {"kind": "drop", "when": "after"},
    {"kind": "malformed", "when": "after"},
    {"kind": "late", "delay_seconds": 1.0},
)
HANGING: tuple[dict[str, object], ...] = tuple(
    {"kind": "timeout", "when": when, "times": 2} for when in ("before", "after")
)
"""Calls that hang until their caller gives up: few, because each costs half a minute."""
FAULTS: tuple[dict[str, object], ...] = tuple(
    {"provider": "agentmail", "operation": "messages.send", "seed": seed, **kind}
    for seed, kind in enumerate((*HANGING, *({"probability": SHARE, **kind} for kind in KINDS)))
)
SETTINGS = {
    "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS": "0.2",
    "MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS": "1500",
    "MAILWRIGHT_SEND_LEASE_SECONDS": "3",
    "MAILWRIGHT_SEND_SETTLE_SECONDS": "4",
}


@pytest.mark.promise("R12", "I1", "I6", "I7", "I8", "I9", "I11")
async def test_every_mail_leaves_once_and_none_is_silent() -> None:
    with scratch_folder("failpoints") as folder:
        nemesis = Nemesis(folder)
        settings = {**SETTINGS, "MAILWRIGHT_FAILPOINTS_DIR": str(folder)}
        async with running_stack(env=settings) as stack, Caller(stack, patience_seconds=150.0) as caller:
            correspondents = Correspondents(caller, await active_senders(caller, DOMAIN, SENDERS))
            await arm(stack, FAULTS)
            async with striking(nemesis, correspondents):
                await send_all(correspondents)
            await assert_every_kind_struck(stack)
            await disarm(stack)

            evidence = await check_invariants(stack, caller.answers, quiet_within=90.0)
            assert_all_were_sent_or_refused(evidence)
            assert_each_thread_kept_its_order(evidence)
            assert all(nemesis.fired[point] for point in FAIL_POINTS), nemesis.fired
            assert sum(said.startswith("threads was killed by SIGKILL") for said in stack.said) >= KILLS


@asynccontextmanager
async def striking(nemesis: Nemesis, correspondents: Correspondents) -> AsyncIterator[None]:
    """Kill the service at every point of a sending, one after the other, while mail is sent."""
    strikes = asyncio.create_task(
        nemesis.strike(list(FAIL_POINTS), at_once=1, in_flight=lambda: correspondents.in_flight)
    )
    try:
        yield
    finally:
        strikes.cancel()
        nemesis.disarm()


async def send_all(correspondents: Correspondents) -> None:
    """Send everything, a bounded number at a time."""
    numbers = iter(range(SENDS // PER_THREAD))

    async def write() -> None:
        for number in numbers:
            await correspondents.write_to(f"friend-{number}@example.com", times=PER_THREAD)

    await asyncio.gather(*(write() for _ in range(IN_FLIGHT // PER_THREAD)))


async def assert_every_kind_struck(stack: RunningStack) -> None:
    """A run in which nothing went wrong proves nothing."""
    async with httpx.AsyncClient(base_url=stack.simulator_url, trust_env=False, timeout=30.0) as simulator:
        armed = (await simulator.get("/_sim/faults")).json()["faults"]
    assert all(fault["struck"] for fault in armed), [fault for fault in armed if not fault["struck"]]


def assert_all_were_sent_or_refused(evidence: Evidence) -> None:
    """Nothing here leaves a doubt that lasts, so nothing is of unknown outcome."""
    sends = [answer for answer in evidence.answers if answer.kind == "send"]
    assert Counter(answer.status for answer in sends).keys() <= {201, 202, 502}
    assert len(sends) == SENDS
    ends = Counter(message["status"] for message in messages_of(evidence).values())
    assert ends.keys() == {"sent", "failed"}, ends
    assert ends.total() == SENDS
    assert ends["sent"] >= SENDS * 0.9, ends


def assert_each_thread_kept_its_order(evidence: Evidence) -> None:
    """The messages of a thread came to their ends in the order in which they were accepted."""
    for (aggregate, thread_id), facts in evidence.facts().items():
        if aggregate != "thread":
            continue
        told = [(fact.kind, fact.data["message"]["message_id"]) for fact in facts if "message" in fact.data]
        queued = [message_id for kind, message_id in told if kind == "thread.message_queued"]
        ended = [message_id for kind, message_id in told if kind != "thread.message_queued"]
        assert queued == ended, thread_id


def messages_of(evidence: Evidence) -> dict[str, Json]:
    """Return every message as its last fact tells of it."""
    facts = (fact for facts in evidence.facts().values() for fact in facts if "message" in fact.data)
    return {fact.data["message"]["message_id"]: fact.data["message"] for fact in facts}
