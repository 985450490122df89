"""The bench with a simulated provider beside it: its mail is reported, looked for and worked off one step at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from services.threads.handlers.poll_inboxes import Pace, PollInboxes
from services.threads.handlers.register_webhook import RegisterWebhook
from services.threads.handlers.report_event import report_event
from services.threads.handlers.work_arrivals import WorkArrivals
from services.threads.providers.agentmail import AgentMail
from services.threads.providers.agentmail_events import read_report
from services.threads.providers.agentmail_webhooks import AgentMailWebhooks
from services.threads.store_arrivals import ArrivalDesk, store_on
from services.threads.store_polls import PollDesk
from services.threads.store_webhooks import WebhookDesk
from shared.clock import SystemClock
from shared.content import parts
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ProviderEventReported
from shared.contracts.warmup_mail import warmup_tag
from shared.http.client import build_client
from shared.http.provider import Provider
from shared.security.vault import MasterKeys, Vault
from shared.security.webhook_secrets import NOBODY
from tests.integration.threads.bench import Bench, ids
from tests.support.open_gate import OpenGate
from tests.support.simulator import HEADERS, Json, Simulated

INBOX = "sam@myagentmail.com"
TAG = warmup_tag("test")
HOOK_URL = "https://mail.example.com/webhooks/agentmail"
PACE = Pace(alone=30.0, beside_webhooks=300.0)
VAULT = Vault(MasterKeys.parse("1:" + "A" * 43 + "="))


class Inbox:
    """One worker of each kind, and the inbox that they care for."""

    def __init__(self, bench: Bench, simulator: Simulated, provider: Provider) -> None:
        self.bench, self.simulator = bench, simulator
        self.pool, self.recorder = bench.pool, bench.recorder
        # The provider's stamps are real time.
        bench.clock.instant = SystemClock().now()
        self.provider = provider
        self.mailbox = AgentMail(provider)
        self.arrivals = WorkArrivals(
            ArrivalDesk(self.pool, self.recorder, lease_seconds=15.0),
            self.mailbox,
            read_report,
            self.recorder,
            TAG,
            lambda: None,
        )
        self.polls = PollInboxes(
            PollDesk(self.pool, self.recorder, "agentmail", lease_seconds=30.0),
            self.mailbox,
            self.recorder,
            PACE,
            lambda _low, _high: 1.0,
            lambda: None,
        )
        self.hooks = AgentMailWebhooks(provider)

    def registering(self, url: str = HOOK_URL, check_seconds: float = 3600.0) -> RegisterWebhook:
        """Return a worker of a process that was told this public URL."""
        desk = WebhookDesk(self.pool, self.recorder, VAULT, "agentmail", url, lease_seconds=15.0)
        return RegisterWebhook(desk, self.hooks, "mw-test", check_seconds)

    # --- what arrives

    def arrive(self, sender: str = "ann@example.com", **mail: Any) -> Json:
        """Let a mail arrive at the inbox; return it as the provider has it."""
        arrived = self.simulator.post("/_sim/inbound", {"to": INBOX, "from": sender, "text": "Hi", **mail})
        assert arrived.status_code == 201, arrived.text
        path = f"/agentmail/v0/inboxes/{INBOX}/messages/"
        found = self.simulator.http.get(
            path + arrived.json()["message_id"].replace("<", "%3C").replace(">", "%3E")
        )
        message: Json = found.json()
        return message

    async def report(
        self,
        event_type: str,
        payload: Json,
        *,
        event_id: str | None = None,
        inbox_id: str | None = INBOX,
        content_ref: UUID | None = None,
    ) -> Recorded:
        """Let the gateway tell of something the provider reported."""
        event_id, ref = event_id or f"evt_{ids.new().hex}", content_ref or ids.new()
        body = {"type": "event", "event_type": event_type, "event_id": event_id, **payload}
        data = ProviderEventReported(
            provider="agentmail", event_id=event_id, event_type=event_type, inbox_id=inbox_id, content_ref=ref
        )
        event = Recorded(
            id=ids.new(),
            subject=ids.new(),
            time=self.bench.clock.now(),
            tenant_id=NOBODY,
            workspace_id=None,
            data=data,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            if content_ref is None:
                await parts.put(
                    connection, id=ref, tenant_id=NOBODY, workspace_id=None, kind="report", body=body
                )
            await report_event(store_on(connection, self.recorder), event, data)
        return event

    async def report_word_for_word(self, body: str) -> None:
        """Let the gateway tell of what the provider really posted."""
        payload = json.loads(body)
        event_id, event_type = payload.pop("event_id"), payload.pop("event_type")
        await self.report(event_type, payload, event_id=event_id)

    async def mail(self, sender: str = "ann@example.com", **mail: Any) -> Json:
        """Let a mail arrive, be reported, and be worked off."""
        message = self.arrive(sender, **mail)
        await self.report("message.received", {"message": message})
        await self.work()
        return message

    async def work(self) -> int:
        """Work off what is due; return how much that was."""
        claimed = await self.arrivals.claim(50)
        for arrival in claimed:
            await self.arrivals.run(arrival)
        return len(claimed)

    def spoil(self, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, Json]) -> None:
        """Let the provider answer with messages that are malformed from now on, by their Message-ID."""
        call = self.provider.call

        async def spoiled(*args: Any, **more: Any) -> Any:
            answer = await call(*args, **more)
            for message in answer.get("messages") or [answer]:
                message.update(changes.get(message.get("message_id"), {}))
            return answer

        monkeypatch.setattr(self.provider, "call", spoiled)

    async def poll(self) -> int:
        """Look through the inboxes that are due; return how many that were."""
        claimed = await self.polls.claim(50)
        for poll in claimed:
            await self.polls.run(poll)
        return len(claimed)

    async def register(self, worker: RegisterWebhook) -> int:
        """Let a worker do what is due about our webhook."""
        claimed = await worker.claim(1)
        for registration in claimed:
            await worker.run(registration)
        return len(claimed)

    # --- what came of it

    async def threads(self) -> list[Any]:
        """Return every thread, the oldest first."""
        return list(await self.pool.fetch("select * from thread order by created_at, id"))

    async def messages(self, thread_id: UUID) -> list[Any]:
        """Return the messages of a thread, the oldest first."""
        return list(
            await self.pool.fetch(
                "select * from message where thread_id = $1 order by created_at, id", thread_id
            )
        )


@asynccontextmanager
async def open_inbox(bench: Bench, simulator: Simulated) -> AsyncIterator[Inbox]:
    """Open one over a bench; the provider has an inbox for it."""
    simulator.inbox("sam")
    await bench.pool.execute("delete from vault.secret")  # the one this service may see
    async with build_client(f"{simulator.url}/agentmail", headers=HEADERS, read_seconds=2.0) as client:
        yield Inbox(bench, simulator, Provider("agentmail", client, OpenGate(), SystemClock()))
