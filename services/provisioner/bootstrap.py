"""The composition root: builds the pool, the provider clients, the parts, the relay and the consumer, and runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from pydantic import SecretStr
from starlette.applications import Starlette

from services.provisioner import accounts, domains
from services.provisioner.context import Context
from services.provisioner.settings import ProvisionerSettings
from services.provisioner.subscribers import TOPICS
from shared.clock import Clock, Ids, RandomIds
from shared.db.pool import connect, create_pool
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

SERVICE = "provisioner"
ROLE = "mailwright_provisioner"
PARTS = (accounts.running, domains.running)


def build(settings: ProvisionerSettings, *, clock: Clock | None = None, ids: Ids | None = None) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops.

    Raises:
        VaultError: The master keys are missing or malformed.
    """
    vault = Vault(MasterKeys.parse(settings.master_keys.get_secret_value()))
    tasks = Tasks()
    checks: dict[str, Check] = {}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            relay = Relay(
                SERVICE,
                partial(
                    connect,
                    settings.database_url.get_secret_value(),
                    schema=SERVICE,
                    role=ROLE,
                    application=f"{SERVICE}-relay",
                ),
                settings.kafka(),
            )
            recorder = Recorder(clock or settings.clock(), ids or RandomIds())
            context = await _open(stack, settings, vault, recorder, relay)
            database = Condition("database", database_check(context.pool, SERVICE))
            topics = Condition("topics", topics_check(settings.kafka()))
            checks.update({"database": database.now, "topics": topics.last})
            parts = [await stack.enter_async_context(part(context)) for part in PARTS]

            def after_commit() -> None:
                relay.wake()
                for part in parts:
                    part.wake()

            handle = handle_batches(parts)
            batches = Batches(SERVICE, context.pool, handle, context.recorder, owned_requests(parts))
            consumer = Consumer(
                SERVICE, context.pool, settings.kafka(), TOPICS, batches, handle, after_commit=after_commit
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


async def _open(
    stack: AsyncExitStack, settings: ProvisionerSettings, vault: Vault, recorder: Recorder, relay: Relay
) -> Context:
    """Open what the parts share; nothing here needs the database, the broker or a provider to be there."""
    pool = await stack.enter_async_context(
        await create_pool(
            settings.database_url.get_secret_value(),
            schema=SERVICE,
            role=ROLE,
            application=SERVICE,
            max_size=20,
        )
    )

    async def provider(name: str, url: str, key: SecretStr, rate: float) -> Provider:
        client = build_client(url, headers={"authorization": f"Bearer {key.get_secret_value()}"})
        await stack.enter_async_context(client)
        return Provider(
            name, client, Gate(pool, name, "default", rate_per_second=rate, burst=rate), recorder.clock
        )

    return Context(
        settings=settings,
        pool=pool,
        recorder=recorder,
        vault=vault,
        agentmail=await provider(
            "agentmail",
            settings.agentmail_url,
            settings.agentmail_key,
            settings.agentmail_requests_per_second,
        ),
        instantly=await provider(
            "instantly",
            settings.instantly_url,
            settings.instantly_key,
            settings.instantly_requests_per_second,
        ),
        cloudflare=await provider(
            "cloudflare",
            settings.cloudflare_url,
            settings.cloudflare_token,
            settings.cloudflare_requests_per_second,
        ),
        announce=relay.wake,
    )
