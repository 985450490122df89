"""A service that consumes: its pool, the relay of its log and its consumer, held back until it may start.

What it does besides, its parts bring.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr
from starlette.applications import Starlette

from shared.clock import Clock, Ids, RandomIds
from shared.db.pool import Pool, connect, create_pool
from shared.db.schema_check import database_check
from shared.db.tidy import Chore
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.health import Tasks, health_routes
from shared.http.provider import Provider
from shared.messaging.batch import Batches
from shared.messaging.consumer import Consumer
from shared.messaging.parts import Part, handle_batches, owned_requests
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.retention import tidying
from shared.messaging.topics_check import topics_check
from shared.settings import AgentMailSettings, CommonSettings, InstantlySettings
from shared.startup import Check, Condition


@dataclass(frozen=True, slots=True)
class Base:
    """What the parts of a service are built on; `announce` is called after a commit that recorded events.

    What they open is entered in `stack`, and closed when the service stops.
    """

    pool: Pool
    recorder: Recorder
    announce: Callable[[], None]
    stack: AsyncExitStack

    async def provider(self, name: str, url: str, key: SecretStr, requests_per_second: float) -> Provider:
        """Open the client of a provider; all processes of all services share its budget of requests."""
        client = build_client(url, headers={"authorization": f"Bearer {key.get_secret_value()}"})
        await self.stack.enter_async_context(client)
        gate = Gate(
            self.pool, name, "default", rate_per_second=requests_per_second, burst=requests_per_second
        )
        return Provider(name, client, gate, self.recorder.clock)

    async def agentmail(self, settings: AgentMailSettings) -> Provider:
        """Open the client of AgentMail."""
        budget = settings.agentmail_requests_per_second
        return await self.provider("agentmail", settings.agentmail_url, settings.agentmail_key, budget)

    async def instantly(self, settings: InstantlySettings) -> Provider:
        """Open the client of Instantly."""
        budget = settings.instantly_requests_per_second
        return await self.provider("instantly", settings.instantly_url, settings.instantly_key, budget)


OpenParts = Callable[[Base], Awaitable[Sequence[Part]]]
"""Opens a service's parts; nothing in it needs the database, the broker or a provider to be there."""


def build_service(
    service: str,
    settings: CommonSettings,
    topics: tuple[str, ...],
    open_parts: OpenParts,
    *,
    chores: Sequence[Chore] = (),
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Starlette:
    """Return a service's app; everything it needs is opened when the app starts and closed when it stops.

    `chores` take out what its own tables keep for a time only.
    """
    recorder = Recorder(clock or settings.clock(), ids or RandomIds())
    url, kafka, role = settings.database_url.get_secret_value(), settings.kafka(), f"mailwright_{service}"
    tasks = Tasks()
    checks: dict[str, Check] = {}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            log_connection = partial(connect, url, schema=service, role=role, application=f"{service}-relay")
            relay = Relay(service, log_connection, kafka)
            pool = await stack.enter_async_context(
                await create_pool(url, schema=service, role=role, application=service, max_size=20)
            )
            database = Condition("database", database_check(pool, service))
            at_broker = Condition("topics", topics_check(kafka))
            checks.update({"database": database.now, "topics": at_broker.last})
            parts = await open_parts(Base(pool, recorder, relay.wake, stack))

            def after_commit() -> None:
                relay.wake()
                for part in parts:
                    part.wake()

            handle = handle_batches(parts)
            batches = Batches(service, pool, handle, recorder, owned_requests(parts))
            consumer = Consumer(service, pool, kafka, topics, batches, handle, after_commit=after_commit)
            checks["consumer"] = consumer.trouble
            runs = {name: database.then(run) for part in parts for name, run in part.tasks.items()}
            async with tasks.running(
                database=database.run,
                topics=at_broker.run,
                relay=database.then(at_broker.then(relay.run)),
                consumer=database.then(at_broker.then(consumer.run)),
                tidying=database.then(tidying(pool, recorder.clock, settings, chores).run),
                **runs,
            ):
                yield

    return Starlette(routes=health_routes(tasks, checks), lifespan=lifespan)
