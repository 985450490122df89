"""The worker that sends, taken apart: messages are claimed and carried one step at a time, against the simulated provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from services.threads.domain.sending import Patience
from services.threads.handlers.send_messages import SendMessages
from services.threads.letters import Letters
from services.threads.providers.agentmail import AgentMail
from services.threads.store_sending import DueMessage, SendingDesk
from shared.clock import SystemClock
from shared.content.model import MailContent
from shared.content.objects import open_objects
from shared.contracts.threads import ThreadingMode
from shared.db.leases import Leases
from shared.http.client import build_client
from shared.http.provider import Provider
from shared.settings import MailSettings
from tests.integration.threads.bench import HELLO, Bench
from tests.support.open_gate import OpenGate
from tests.support.simulator import HEADERS, Simulated

SAM = "sam@myagentmail.com"
SETTINGS = MailSettings.model_validate({"database_url": "", "kafka_bootstrap": ""})


class PostOffice:
    """One worker of the service, and what its provider shows."""

    def __init__(
        self, bench: Bench, simulator: Simulated, sender: SendMessages, client: httpx.AsyncClient
    ) -> None:
        self.bench, self.simulator, self.sender, self._client = bench, simulator, sender, client

    async def queued(
        self,
        participant: str = "ann@example.com",
        content: MailContent = HELLO,
        *,
        account_id: UUID | None = None,
    ) -> Message:
        """Have a message accepted in a thread of its own, from an account that has its inbox."""
        account_id = account_id or await self.account()
        thread_id, _ = await self.bench.draft(account_id, participant)
        return await self.another(Message(self, account_id, thread_id, UUID(int=0), UUID(int=0)), content)

    async def another(
        self, message: Message, content: MailContent = HELLO, mode: ThreadingMode | None = None
    ) -> Message:
        """Have another message accepted in the same thread."""
        message_id, request_id = await self.bench.send(message.thread_id, content, mode=mode)
        return Message(self, message.account_id, message.thread_id, message_id, request_id)

    async def account(self) -> UUID:
        """Have an account told of that may send, with its inbox."""
        self.simulator.inbox("sam")
        return await self.bench.account()

    async def claim(self) -> Sequence[DueMessage]:
        """Lease what is due."""
        return await self.sender.leases.claim(10)

    async def work(self, **spans: float) -> int:
        """Let time pass, and carry what is due one step on; return how many messages that were."""
        self.bench.clock.pass_(**spans)
        claimed = await self.claim()
        for due in claimed:
            await self.sender.run(due)
        return len(claimed)

    def give_up_after(self, seconds: float) -> None:
        """Let calls wait this long for an answer from now on; before, as long as any machine takes for one."""
        self._client.timeout = httpx.Timeout(30.0, read=seconds)

    async def end_leases(self) -> None:
        """Let the leases of a worker that died end."""
        await self.bench.pool.execute(
            "update message set leased_until = '-infinity' where lease_token is not null"
        )

    def left(self) -> list[str]:
        """Return the Message-IDs of everything that really left."""
        return [entry["subject"] for entry in self.simulator.ledger("message.sent")]

    def fault(self, kind: str, operation: str = "messages.send", **more: Any) -> None:
        """Let a call from the inbox go wrong once."""
        self.simulator.fault("agentmail", operation, kind, **{"match": SAM, "times": 1, **more})

    def refuse(self, status: int, code: str, **more: Any) -> None:
        """Let the provider refuse a mail once."""
        self.fault("status", status=status, body={"name": "AnError", "code": code, "message": "m"}, **more)


class Message:
    """A message that was accepted, and what became of it."""

    def __init__(
        self, office: PostOffice, account_id: UUID, thread_id: UUID, message_id: UUID, request_id: UUID
    ) -> None:
        self._bench = office.bench
        self.account_id, self.thread_id = account_id, thread_id
        self.id, self.request_id = message_id, request_id

    async def row(self) -> Any:
        return await self._bench.row("message", self.id)

    async def status(self) -> str:
        return str((await self.row())["status"])

    async def is_touched(self) -> bool:
        """Whether a call may have been made that has to be accounted for."""
        return (await self.row())["intent_at"] is not None

    async def names(self) -> list[str]:
        """Return the names of the facts of its thread since it was drafted."""
        return (await self._bench.names(self.thread_id))[1:]

    async def answer(self) -> dict[str, Any]:
        return await self._bench.answer(self.request_id)


@asynccontextmanager
async def open_post_office(bench: Bench, simulator: Simulated) -> AsyncIterator[PostOffice]:
    """Open one over a bench."""
    desk = SendingDesk(bench.pool, bench.recorder, lease_seconds=30.0)
    async with build_client(f"{simulator.url}/agentmail", headers=HEADERS) as client:
        provider = Provider("agentmail", client, OpenGate(), SystemClock())
        sender = SendMessages(
            desk,
            Leases(desk, 30.0),
            AgentMail(provider),
            Letters(open_objects(SETTINGS, None), bench.clock, "test"),
            bench.recorder,
            Patience(),
            lambda low, high: high,
            lambda: None,
        )
        yield PostOffice(bench, simulator, sender, client)
