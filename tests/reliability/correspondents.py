"""Accounts that may send, and the mail they write: threads with several messages, each asked for until somebody answers."""

from __future__ import annotations

import asyncio
from itertools import cycle
from uuid import UUID

from tests.reliability.mailboxes import answered
from tests.support.callers import Answer, Caller

THREADS = "/api/threads"


class Correspondents:
    """Senders of one caller that take turns."""

    def __init__(self, caller: Caller, senders: list[UUID]) -> None:
        self._caller = caller
        self._senders = cycle(senders)
        self.in_flight = 0
        """Messages asked for and not answered yet."""

    async def write_to(self, address: str, *, times: int = 1) -> None:
        """Draft a thread with somebody and send several messages in it at once; what came of each is among the answers."""
        thread_id = await self._drafted(address)
        await asyncio.gather(*(self._send(thread_id, address, number) for number in range(times)))

    async def _drafted(self, address: str) -> str:
        body = {
            "account_id": str(next(self._senders)),
            "participant_email": address,
            "draft_subject": "Hello",
        }
        got = answered(
            await self._caller.ask("POST", THREADS, body=body, key=f"draft {address}", prefer="wait=30")
        )
        assert got.status_code in {201, 202}, got.text
        return str(got.json()["thread"]["id"])

    async def _send(self, thread_id: str, address: str, number: int) -> None:
        body = {"subject": f"Hello {number}", "body_text": f"Letter {number}", "threading_mode": "new_thread"}
        self.in_flight += 1
        try:
            got = await self._caller.ask(
                "POST",
                f"{THREADS}/{thread_id}/messages",
                body=body,
                key=f"send {number} {address}",
                prefer="wait=30",
            )
        finally:
            self.in_flight -= 1
        assert got is not None, f"nobody answered the mail {number} to {address}"
        message = got.json().get("message") if got.status_code in {201, 202} else None
        subject = UUID(message["id"]) if message else None
        shown = {"thread_id": thread_id, "status": message["status"]} if message else None
        self._caller.answers.append(Answer("send", address, got.status_code, subject, shown))


async def active_senders(caller: Caller, domain: str, number: int) -> list[UUID]:
    """Make accounts that may send at once, because their warmup was ended by their owner."""
    domain_id = await caller.verified_domain(domain)

    async def sender(name: str) -> UUID:
        made = await caller.account(name, domain_id, domain)
        assert made.subject is not None, f"{made.address} was not made: {made.status}"
        ended = await caller.command_warmup(made.subject, made.address, "disable")
        assert ended.status == 200, f"the warmup of {made.address} was not ended: {ended.status}"
        return made.subject

    return list(await asyncio.gather(*(sender(f"sender-{each}") for each in range(number))))
