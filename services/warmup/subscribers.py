"""The Kafka edge: what the warmup service reads, and which handler each event goes to."""

from __future__ import annotations

from services.warmup.handlers.command_warmup import command_warmup
from services.warmup.handlers.count_mail import count_mail
from services.warmup.handlers.end_warmup import end_before_start, end_warmup
from services.warmup.handlers.retry_warmup import retry_warmup
from services.warmup.handlers.start_warmup import start_warmup
from services.warmup.handlers.watch_domain import watch_domain
from services.warmup.store import Store
from shared.contracts.accounts import AccountDeleting, AccountProvisioned, AccountProvisioningFailed
from shared.contracts.domains import DomainFact, DomainFailed, DomainVerified
from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS, Event, Received
from shared.contracts.threads import MessageBounced, MessageComplained, MessageFact, MessageSent, ThreadErased
from shared.contracts.warmups import (
    WarmupDisableRequested,
    WarmupPauseRequested,
    WarmupResumeRequested,
    WarmupRetryRequested,
)
from shared.db.pool import Connection
from shared.messaging.dispatch import Handler
from shared.messaging.forgetting import forget_people
from shared.messaging.recorder import Recorder

TOPICS = (ACCOUNTS, DOMAINS, THREADS)


def warmup_handlers(recorder: Recorder) -> dict[type[Event], Handler]:
    """Return the handlers of what the service is asked and told."""

    async def on_account_provisioned(connection: Connection, received: Received) -> None:
        data = received.event.data
        if isinstance(data, AccountProvisioned):
            await start_warmup(Store(connection, recorder), recorder, received.event, data.account)

    async def on_account_failed(connection: Connection, received: Received) -> None:
        await end_warmup(Store(connection, recorder), recorder, received.event)

    async def on_account_deleting(connection: Connection, received: Received) -> None:
        data = received.event.data
        if isinstance(data, AccountDeleting):
            await end_before_start(Store(connection, recorder), recorder, received.event, data.account)

    async def on_retry_requested(connection: Connection, received: Received) -> None:
        data = received.event.data
        if isinstance(data, WarmupRetryRequested):
            await retry_warmup(Store(connection, recorder), recorder, received.event, data)

    async def on_commanded(connection: Connection, received: Received) -> None:
        await command_warmup(Store(connection, recorder), recorder, received.event)

    return {
        AccountProvisioned: on_account_provisioned,
        AccountProvisioningFailed: on_account_failed,
        AccountDeleting: on_account_deleting,
        WarmupRetryRequested: on_retry_requested,
        WarmupPauseRequested: on_commanded,
        WarmupResumeRequested: on_commanded,
        WarmupDisableRequested: on_commanded,
        **_of_circumstances(recorder),
    }


def _of_circumstances(recorder: Recorder) -> dict[type[Event], Handler]:
    """Return the handlers of what others tell of domains and of mail."""

    async def on_domain_judged(connection: Connection, received: Received) -> None:
        data = received.event.data
        if isinstance(data, DomainFact):
            await watch_domain(Store(connection, recorder), received.event, data.domain)

    async def on_mail(connection: Connection, received: Received) -> None:
        data = received.event.data
        if isinstance(data, MessageFact):
            await count_mail(Store(connection, recorder), received.event, data)

    async def on_erased(connection: Connection, received: Received) -> None:
        # Records of the thread that could not be handled here are all that is kept of it.
        await forget_people(connection, [received.event.subject])

    return {
        ThreadErased: on_erased,
        DomainVerified: on_domain_judged,
        DomainFailed: on_domain_judged,
        MessageSent: on_mail,
        MessageBounced: on_mail,
        MessageComplained: on_mail,
    }
