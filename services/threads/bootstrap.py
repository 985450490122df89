"""The composition root: builds the pool, the provider client, the parts, the relay and the consumer, and runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from starlette.applications import Starlette

from services.threads import files, inbound, sending, threads
from services.threads.context import Context
from services.threads.settings import ThreadsSettings
from services.threads.subscribers import TOPICS
from shared.clock import Clock, Ids, RandomIds
from shared.content.objects import open_objects
from shared.db.pool import Pool, connect, create_pool
from shared.db.schema_check import database_check
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.health import Tasks, health_routes
from shared.http.provider import Provider
from shared.messaging.batch import Batches
from shared.messaging.consumer import Consumer
from shared.messaging.parts import handle_batches, owned_requests
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.topics_check import topics_check
from shared.security.vault import MasterKeys, Vault
from shared.startup import Check, Condition

SERVICE = "threads"
ROLE = "mailwright_threads"
PARTS = (threads.running, sending.running, inbound.running, files.running)


def build(settings: ThreadsSettings, *, clock: Clock | None = None, ids: Ids | None = None) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops.

    Raises:
        VaultError: The master keys are missing or malformed.
        StorageUnavailable: There can be no such object store as the settings name.
    """
    keys = MasterKeys.parse(settings.master_keys.get_secret_value())
    vault, objects = Vault(keys), open_objects(settings, keys)
    tasks = Tasks()
    checks: dict[str, Check] = {}
    recorder = Recorder(clock or settings.clock(), ids or RandomIds())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            url = settings.database_url.get_secret_value()
            log_connection = partial(connect, url, schema=SERVICE, role=ROLE, application=f"{SERVICE}-relay")
            relay = Relay(SERVICE, log_connection, settings.kafka())
            pool = await stack.enter_async_context(
                await create_pool(url, schema=SERVICE, role=ROLE, application=SERVICE, max_size=20)
            )
            database = Condition("database", database_check(pool, SERVICE))
            topics = Condition("topics", topics_check(settings.kafka()))
            checks.update({"database": database.now, "topics": topics.last})
            agentmail = await _agentmail(stack, settings, pool, recorder.clock)
            context = Context(settings, pool, recorder, vault, objects, agentmail, relay.wake)
            parts = [await stack.enter_async_context(part(context)) for part in PARTS]

            def after_commit() -> None:
                relay.wake()
                for part in parts:
                    part.wake()

            handle = handle_batches(parts)
            batches = Batches(SERVICE, pool, handle, recorder, owned_requests(parts))
            consumer = Consumer(
                SERVICE, pool, settings.kafka(), TOPICS, batches, handle, after_commit=after_commit
            )
            runs = {name: database.then(run) for part in parts for name, run in part.tasks.items()}
            async with tasks.running(
                database=database.run,
                topics=topics.run,
                relay=database.then(topics.then(relay.run)),
                consumer=database.then(topics.then(consumer.run)),
                **runs,
            ):
                yield

    return Starlette(routes=health_routes(tasks, checks), lifespan=lifespan)


async def _agentmail(stack: AsyncExitStack, settings: ThreadsSettings, pool: Pool, clock: Clock) -> Provider:
    key = settings.agentmail_key.get_secret_value()
    client = build_client(settings.agentmail_url, headers={"authorization": f"Bearer {key}"})
    await stack.enter_async_context(client)
    rate = settings.agentmail_requests_per_second
    return Provider(
        "agentmail", client, Gate(pool, "agentmail", "default", rate_per_second=rate, burst=rate), clock
    )
