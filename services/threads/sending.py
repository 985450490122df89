"""Mail that leaves, wired: the worker that hands queued messages to the provider."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.threads.context import Context
from services.threads.domain.sending import Patience
from services.threads.handlers.send_messages import SendMessages
from services.threads.letters import Letters
from services.threads.providers.agentmail import AgentMail
from services.threads.store_sending import DueMessage, SendingDesk
from shared.db.leased_work import LeasedWorker
from shared.db.leases import Leases
from shared.messaging.parts import Part


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the part; what it started by itself ends with the block."""
    settings, recorder = context.settings, context.recorder
    desk = SendingDesk(context.pool, recorder, lease_seconds=settings.send_lease_seconds)
    leases: Leases[DueMessage] = Leases(desk, settings.send_lease_seconds)
    sender = SendMessages(
        desk,
        leases,
        AgentMail(context.agentmail),
        Letters(context.objects, recorder.clock, settings.installation),
        recorder,
        Patience(settle=settings.send_settle_seconds),
        random.uniform,
        context.announce,
    )
    worker = LeasedWorker("send", leases.claim, sender.run, concurrency=settings.send_concurrency)
    try:
        yield Part(handlers={}, tasks={"sending": worker.run, "send_leases": leases.run}, wake=worker.wake)
    finally:
        await leases.give_back()
