"""Mail that arrives, wired: what the provider reports, the poller that finds what it did not, and our webhook there."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.threads.context import Context
from services.threads.handlers.poll_inboxes import Pace, PollInboxes
from services.threads.handlers.register_webhook import RegisterWebhook, is_within_reach
from services.threads.handlers.report_event import report_event
from services.threads.handlers.work_arrivals import WorkArrivals
from services.threads.ports_inbound import Arrival
from services.threads.providers.agentmail import AgentMail
from services.threads.providers.agentmail_events import read_report
from services.threads.providers.agentmail_webhooks import AgentMailWebhooks
from services.threads.store_arrivals import ArrivalDesk, store_on
from services.threads.store_polls import Poll, PollDesk
from services.threads.store_webhooks import Registration, WebhookDesk
from shared.contracts.envelope import Received
from shared.contracts.threads import ProviderEventReported
from shared.contracts.warmup_mail import warmup_tag
from shared.db.leased_work import LeasedWorker
from shared.db.pool import Connection
from shared.messaging.parts import Part
from shared.observability.logging import get_logger

log = get_logger(__name__)

AGENTMAIL = "agentmail"
WEBHOOK_PATH = "/webhooks/agentmail"
LEASE_SECONDS, POLL_LEASE_SECONDS = 15.0, 30.0

Task = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the part; what it started by itself ends with the block."""
    settings, recorder = context.settings, context.recorder
    mailbox = AgentMail(context.agentmail)
    desk = ArrivalDesk(context.pool, recorder, lease_seconds=LEASE_SECONDS)
    tag = warmup_tag(settings.installation)
    arrivals = WorkArrivals(desk, mailbox, read_report, recorder, tag, context.announce)
    working = LeasedWorker[Arrival]("arrivals", arrivals.claim, arrivals.run, concurrency=8)
    polls = PollInboxes(
        PollDesk(context.pool, recorder, AGENTMAIL, lease_seconds=POLL_LEASE_SECONDS),
        mailbox,
        recorder,
        Pace(settings.poll_seconds, settings.poll_seconds_beside_webhooks),
        random.uniform,
        working.wake,
    )
    polling = LeasedWorker[Poll]("polls", polls.claim, polls.run, concurrency=settings.poll_concurrency)

    async def on_report(connection: Connection, received: Received) -> None:
        if isinstance(received.event.data, ProviderEventReported):
            await report_event(store_on(connection, recorder), received.event, received.event.data)

    yield Part(
        handlers={ProviderEventReported: on_report},
        tasks={"arrivals": working.run, "polls": polling.run, **_webhook(context)},
        wake=working.wake,
    )


def _webhook(context: Context) -> dict[str, Task]:
    """Return the task that keeps our webhook registered; none where the provider could not reach us."""
    settings = context.settings
    if not is_within_reach(settings.public_url, settings.agentmail_url):
        log.info("mail_is_only_polled", public_url=settings.public_url)
        return {}
    url = settings.public_url.rstrip("/") + WEBHOOK_PATH
    desk = WebhookDesk(
        context.pool, context.recorder, context.vault, AGENTMAIL, url, lease_seconds=LEASE_SECONDS
    )
    register = RegisterWebhook(
        desk,
        AgentMailWebhooks(context.agentmail),
        f"mw-{settings.installation}",
        settings.webhook_check_seconds,
    )
    worker = LeasedWorker[Registration]("webhook", register.claim, register.run, concurrency=1)
    return {"webhook": worker.run}
