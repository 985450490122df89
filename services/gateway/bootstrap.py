"""The gateway's composition root: opens what it needs, runs what it runs, closes it all in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI

from services.gateway.addresses import Addresses
from services.gateway.dialects.myagentmail.routes import ROUTES as MYAGENTMAIL
from services.gateway.dialects.puffle.routes import ROUTES as PUFFLE
from services.gateway.dialects.sendmux.routes import ROUTES as SENDMUX
from services.gateway.files import Files
from services.gateway.middleware import REFUSALS, EdgeMiddleware
from services.gateway.openapi import describe
from services.gateway.parts import Edge
from services.gateway.paths import closed
from services.gateway.reads import Reader
from services.gateway.reports import Reports
from services.gateway.requests.accept import Requests
from services.gateway.requests.reads import answers_of
from services.gateway.requests.render import rendering
from services.gateway.requests.store_answers import forget_expired
from services.gateway.requests.wait import Waiting
from services.gateway.routes_files import ROUTES as FILES
from services.gateway.security.authenticate import Authenticator
from services.gateway.security.rates import Limits
from services.gateway.settings import GatewaySettings
from services.gateway.shutdown import on_stop_signal
from services.gateway.store_markers import ReadMarkers
from services.gateway.subscribers import TOPICS, Projector
from services.gateway.tenancy.leftovers import delete_leftovers
from services.gateway.tidying import chores
from services.gateway.webhook_signatures import Signatures
from services.gateway.webhooks import ROUTES as WEBHOOKS
from shared.clock import Clock, Ids, RandomIds
from shared.content.objects import Objects, open_objects
from shared.db.pool import OUTAGE, Pool, connect, create_pool
from shared.db.schema_check import database_check
from shared.http.health import Tasks, health_routes
from shared.messaging.batch import Batches
from shared.messaging.consumer import Consumer
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.retention import tidying
from shared.messaging.topics_check import topics_check
from shared.observability.logging import get_logger
from shared.security.vault import MasterKeys
from shared.startup import Condition

log = get_logger(__name__)

SERVICE = "gateway"
ROLE = "mailwright_gateway"
REQUEST_ROLE = "mailwright_gateway_request"
EXPIRE_SECONDS = 600.0
CLOSE_SECONDS = 1.0


def build(settings: GatewaySettings, *, clock: Clock | None = None, ids: Ids | None = None) -> FastAPI:
    """Return the app; nothing is opened before it starts, and it starts while database and broker are away.

    Raises:
        VaultError: The master keys are malformed.
        StorageUnavailable: There can be no such object store as the settings name.
    """
    clock, ids = clock or settings.clock(), ids or RandomIds()
    text = settings.master_keys.get_secret_value()
    keys = MasterKeys.parse(text) if text else None
    objects = open_objects(settings, keys)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, settings, keys, objects, Recorder(clock, ids)):
            yield

    app = FastAPI(
        title="Mailwright",
        version="0.1.0",
        summary="Email sender accounts for people and AI agents.",
        description="Every error has a sentence, a stable `code` and the `request_id` of the call.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=REFUSALS,
    )
    app.add_middleware(EdgeMiddleware, clock=clock, ids=ids, limits=_limits(settings))
    # Kept flat, so that a refused method can be told which ones its path has.
    app.router.routes += closed([*PUFFLE, *MYAGENTMAIL, *SENDMUX, *FILES, *WEBHOOKS])
    describe(app)
    return app


@asynccontextmanager
async def _running(
    app: FastAPI, settings: GatewaySettings, keys: MasterKeys | None, objects: Objects, recorder: Recorder
) -> AsyncIterator[None]:
    url, kafka = settings.database_url.get_secret_value(), settings.kafka()
    clock, ids, servers = recorder.clock, recorder.ids, settings.mail_servers()
    async with (
        _pool(url, ROLE, settings.gateway_pool_size) as pool,
        _pool(url, REQUEST_ROLE, settings.gateway_read_pool_size) as read_pool,
    ):
        open_relay = partial(connect, url, schema=SERVICE, role=ROLE, application=f"{SERVICE}-relay")
        relay = Relay(SERVICE, open_relay, kafka)
        waiting = Waiting(lambda wanted: answers_of(pool, wanted, keys), limit=settings.gateway_waiting_calls)
        projector = Projector(rendering(servers), clock, keys, lambda _: waiting.wake())
        batches = Batches(SERVICE, pool, projector.on_events, recorder, frozenset())
        consumer = Consumer(
            SERVICE, pool, kafka, TOPICS, batches, projector.on_events, after_commit=projector.after_commit
        )
        requests = Requests(pool, recorder, keys, waiting, relay.wake)
        authenticator = Authenticator(pool, clock, _limits(settings))
        database = Condition("database", database_check(pool, SERVICE))
        topics = Condition("topics", topics_check(kafka))
        reader = Reader(read_pool, keys)
        app.state.edge = Edge(
            authenticator=authenticator,
            requests=requests,
            reader=reader,
            addresses=Addresses(pool, reader),
            files=Files(pool, objects, clock, ids),
            markers=ReadMarkers(pool),
            reports=Reports(pool, recorder, Signatures(pool, keys), relay.wake),
            clock=clock,
            ids=ids,
            mail_servers=servers,
            database=database,
            wait_seconds=settings.gateway_wait_seconds,
            longest_wait_seconds=settings.gateway_longest_wait_seconds,
            day_seconds=settings.day_seconds,
        )
        tasks = Tasks()
        notes = {"topics": topics.last, "consumer": consumer.trouble}
        app.router.routes += health_routes(tasks, {"database": database.now}, notes)
        requests.writer.start()
        with on_stop_signal(waiting.stop):
            async with tasks.running(
                database=database.run,
                topics=topics.run,
                relay=database.then(topics.then(relay.run)),
                consumer=database.then(topics.then(consumer.run)),
                waiting=database.then(waiting.run),
                key_use=database.then(authenticator.keep_use),
                expiring=database.then(partial(_expire, pool, recorder)),
                tidying=database.then(tidying(pool, clock, settings, chores(settings)).run),
            ):
                await database.look()  # calls may wait at the door already: they need not be refused first
                yield
                waiting.stop()
                await requests.writer.stop()


def _limits(settings: GatewaySettings) -> Limits:
    return Limits(sendmux=settings.gateway_sendmux_calls_per_minute, others=settings.gateway_calls_per_minute)


@asynccontextmanager
async def _pool(url: str, role: str, size: int) -> AsyncIterator[Pool]:
    pool = await create_pool(url, schema=SERVICE, role=role, application=SERVICE, max_size=size)
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()
        pool.terminate()


async def _expire(pool: Pool, recorder: Recorder) -> None:
    """Erase stored answers that have expired, and delete what removed workspaces left behind, until cancelled."""
    while True:
        try:
            async with pool.acquire() as connection:
                while await forget_expired(connection, recorder.clock.now()):
                    pass
                async with connection.transaction():
                    await delete_leftovers(connection, recorder)
        except OUTAGE as error:
            log.warning("not_expired", error=type(error).__name__)
        await asyncio.sleep(EXPIRE_SECONDS)
