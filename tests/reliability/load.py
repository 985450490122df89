"""A mixed load that keeps a given number of sagas in flight until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import count, cycle
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx

from tests.reliability.agents import TAKEN_NAMES, use_agent
from tests.reliability.conversations import Sender, converse
from tests.reliability.mailboxes import LATE_KEYS, use_mailbox
from tests.support.callers import Caller
from tests.support.stack import RunningStack

DOMAIN = "load.example"
MIX = (
    "ada", "fail-tag", "ada", "fail-sender", "fail-warmup", "ada", "fail-tag", "flaky", "steered", "late-key", "fail-inbox",
    "domain", "steered", "domain", "leaver", "abandoned", "fail-tag-abandoned", "mailbox", "agent",
    "thread", "domain", "thread",
)  # fmt: skip
"""What is asked for in turn: names that go well, names the providers refuse at each step, warmups to steer, new domains, accounts to change and to delete, threads."""
FAULTS: tuple[dict[str, object], ...] = (
    # Every other attempt to warm these is refused, so that a retry has something to change.
    {"provider": "instantly", "operation": "warmup.enable", "match": "flaky-*", "kind": "status", "status": 400,
     "probability": 0.6, "seed": 3},
    # The first key of these is minted after its caller was cut off: the sweep must find the one nobody wants.
    {"provider": "agentmail", "operation": "api_keys.create", "match": "late-key-*", "kind": "late",
     "delay_seconds": 4.0, "probability": 0.5, "seed": 5},
    LATE_KEYS,
    TAKEN_NAMES,
)  # fmt: skip


RACERS = 4
THREADS_PER_SENDER = 10
"""Each holds two mails of an account, which sends thirty a day."""


class Load:
    """Asks for accounts of every kind; leaving the block waits until the last of them is settled."""

    def __init__(self, stack: RunningStack, *, in_flight: int) -> None:
        self.caller = Caller(stack, patience_seconds=300.0)
        self._mailboxes = Caller(stack, patience_seconds=300.0, dialect="sendmux")
        self._agents = Caller(stack, patience_seconds=300.0, dialect="myagentmail")
        self._mailboxes.answers = self._agents.answers = self.caller.answers
        self._stack = stack
        self._in_flight = in_flight
        self._slots: list[asyncio.Task[None]] = []
        self._numbers = count(1)
        self._kinds = cycle(MIX)
        self._senders: list[Sender] = []
        """Accounts that may send, once for each thread they may still have."""
        self._is_ended = False

    async def __aenter__(self) -> Self:
        await arm(self._stack, FAULTS)
        self._domain_id = await self.caller.verified_domain(DOMAIN)
        self._slots = [asyncio.create_task(self._run()) for _ in range(self._in_flight)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_ended = True
        try:
            if error is None:
                await asyncio.gather(*self._slots)
        finally:
            for slot in self._slots:
                slot.cancel()
            await asyncio.gather(*self._slots, return_exceptions=True)
            await self.caller.__aexit__()
            await self._mailboxes.__aexit__()
            await self._agents.__aexit__()

    @property
    def in_flight(self) -> int:
        """How many accounts are asked for and not settled yet, and conversations go on."""
        return sum(caller.in_flight for caller in (self.caller, self._mailboxes, self._agents))

    def failed(self) -> BaseException | None:
        """Return what ended a slot before its time."""
        ended = (slot for slot in self._slots if slot.done() and not slot.cancelled())
        return next((slot.exception() for slot in ended if slot.exception()), None)

    async def _run(self) -> None:
        while not self._is_ended:
            kind, number = next(self._kinds), next(self._numbers)
            if not await self._is_elsewhere(kind, number):
                await self._ask_for(kind, number)

    async def _is_elsewhere(self, kind: str, number: int) -> bool:
        """Do what asks for no new account of the load's own domain; False if this kind does."""
        match kind:
            case "domain":
                await self._visit(f"{number}-{DOMAIN}", f"guest-{number}")
            case "agent":
                await use_agent(self._agents, number)
            case "mailbox":
                await use_mailbox(self._mailboxes, number)
            case "thread" if self._senders:
                await converse(self.caller, self._stack.simulator_url, self._senders.pop(0), number)
            case _:
                return False
        return True

    async def _ask_for(self, kind: str, number: int) -> None:
        """Have an account made, and do with it what its kind is for; until there is a sender, threads make one."""
        kind = "steered" if kind == "thread" else kind
        if kind.endswith("abandoned"):
            # At different moments, so that every step is met.
            await self.caller.abandon(f"{kind}-{number}", self._domain_id, DOMAIN, number % 5 * 0.1)
            return
        answer = await self.caller.account(f"{kind}-{number}", self._domain_id, DOMAIN)
        if answer.subject and answer.shown and answer.shown["status"] == "pending":
            await self._race(answer.subject, answer.address)
        elif answer.subject and kind == "steered":
            await self._steer(answer.subject, answer.address)
        elif answer.subject and kind == "leaver":
            await self._leave(answer.subject, answer.address)

    async def _visit(self, domain: str, username: str) -> None:
        """Claim a domain, have an account there, and give up both."""
        domain_id = await self.caller.verified_domain(domain)
        await self.caller.account(username, domain_id, domain)
        await self.caller.give_up_domain(domain, domain_id)

    async def _race(self, account_id: UUID, address: str) -> None:
        """Ask several times at once for another attempt to start a warmup (R14)."""
        await asyncio.gather(
            *(self.caller.retry_warmup(account_id, address, number) for number in range(RACERS))
        )

    async def _steer(self, account_id: UUID, address: str) -> None:
        """Pause a warmup, go on with it, and end it, so that the account may send; two ask for each at the same time."""
        for command in ("pause", "resume", "disable"):
            answers = await asyncio.gather(
                *(self.caller.command_warmup(account_id, address, command) for _ in range(2))
            )
        if any(answer.status == 200 for answer in answers):
            self._senders += [Sender(account_id, address)] * THREADS_PER_SENDER

    async def _leave(self, account_id: UUID, address: str) -> None:
        """Change an account by two at the same time, delete it, and ask for its address again (S0-39)."""
        username = address.partition("@")[0]
        await asyncio.gather(
            *(self.caller.sign(account_id, address, f"{username}\n{number}") for number in range(2))
        )
        await self.caller.delete(account_id, address)
        await self.caller.again(username, self._domain_id, DOMAIN)


async def arm(stack: RunningStack, faults: Iterable[Mapping[str, object]]) -> None:
    """Arm faults at the simulated providers."""
    async with httpx.AsyncClient(base_url=stack.simulator_url, trust_env=False, timeout=30.0) as simulator:
        for fault in faults:
            assert (await simulator.post("/_sim/faults", json=fault)).status_code == 201


async def disarm(stack: RunningStack) -> None:
    """Let the simulated providers work without faults again."""
    async with httpx.AsyncClient(base_url=stack.simulator_url, trust_env=False, timeout=30.0) as simulator:
        assert (await simulator.delete("/_sim/faults")).status_code == 200
