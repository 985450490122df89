"""The composition root: builds the pool, the provider client, the workers, the relay and the consumer, and runs them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from starlette.applications import Starlette

from services.warmup.domain.commands import Attempt
from services.warmup.domain.policies import POLICIES
from services.warmup.domain.schedule import Jitter, Schedule
from services.warmup.domain.warmup import Warmup
from services.warmup.handlers.enable_warmups import Batch, EnableWarmups
from services.warmup.handlers.follow_warmup import FollowWarmup
from services.warmup.handlers.hold_warmups import HoldWarmups
from services.warmup.handlers.judge_day import JudgeDay
from services.warmup.handlers.run_commands import RunCommands
from services.warmup.handlers.tools import Tools
from services.warmup.ports import WarmupProvider
from services.warmup.providers.instantly import Instantly
from services.warmup.settings import WarmupSettings
from services.warmup.store import Desk
from services.warmup.subscribers import OWNED, TOPICS, handle_batches
from shared.clock import Clock, Ids, RandomIds
from shared.db.leased_work import LeasedWorker
from shared.db.pool import Pool, connect, create_pool
from shared.db.schema_check import database_check
from shared.http.client import build_client
from shared.http.gate import Gate
from shared.http.health import Tasks, health_routes
from shared.http.provider import Provider
from shared.messaging.batch import Batches
from shared.messaging.consumer import Consumer
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from shared.messaging.topics_check import topics_check
from shared.startup import Check, Condition

SERVICE = "warmup"
ROLE = "mailwright_warmup"


def build(
    settings: WarmupSettings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    jitter: Jitter = random.uniform,
) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops."""
    tasks = Tasks()
    checks: dict[str, Check] = {}
    recorder = Recorder(clock or settings.clock(), ids or RandomIds())
    schedule = schedule_of(settings, jitter)

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
            provider = await _provider(stack, settings, pool, recorder.clock)
            desk = Desk(pool, recorder, recorder.ids, lease_seconds=settings.warmup_lease_seconds)

            policy = POLICIES[settings.warmup_policy]
            tools = Tools(desk, provider, recorder, schedule, policy, relay.wake)
            enable, follow, judge = EnableWarmups(tools), FollowWarmup(tools), JudgeDay(tools)
            command, hold = RunCommands(tools), HoldWarmups(tools)
            enabling = LeasedWorker[Batch](
                "enable", enable.claim, enable.run, concurrency=settings.warmup_concurrency
            )
            following = LeasedWorker[Warmup]("follow", follow.claim, follow.run, concurrency=16)
            judging = LeasedWorker[Batch]("judge", judge.claim, judge.run, concurrency=2)
            commanding = LeasedWorker[tuple[Warmup, Attempt]](
                "command", command.claim, command.run, concurrency=settings.warmup_concurrency
            )

            holding = LeasedWorker[Warmup]("hold", hold.claim, hold.run, concurrency=8)

            def after_commit() -> None:
                relay.wake()
                enabling.wake()
                commanding.wake()
                holding.wake()

            handle = handle_batches(recorder)
            batches = Batches(SERVICE, pool, handle, recorder, OWNED)
            consumer = Consumer(
                SERVICE, pool, settings.kafka(), TOPICS, batches, handle, after_commit=after_commit
            )
            async with tasks.running(
                database=database.run,
                topics=topics.run,
                relay=database.then(topics.then(relay.run)),
                consumer=database.then(topics.then(consumer.run)),
                enabling=database.then(enabling.run),
                following=database.then(following.run),
                judging=database.then(judging.run),
                commanding=database.then(commanding.run),
                holding=database.then(holding.run),
            ):
                yield

    return Starlette(routes=health_routes(tasks, checks), lifespan=lifespan)


def schedule_of(settings: WarmupSettings, jitter: Jitter) -> Schedule:
    """Return the delays and the calendar that the settings ask for."""
    return Schedule(
        calendar=settings.calendar(),
        jitter=jitter,
        window_seconds=settings.warmup_window_seconds,
        first_retry_seconds=settings.warmup_first_retry_seconds,
        longest_retry_seconds=settings.warmup_longest_retry_seconds,
        slots=settings.warmup_slots,
    )


async def _provider(
    stack: AsyncExitStack, settings: WarmupSettings, pool: Pool, clock: Clock
) -> WarmupProvider:
    key = settings.instantly_key.get_secret_value()
    client = build_client(settings.instantly_url, headers={"authorization": f"Bearer {key}"})
    await stack.enter_async_context(client)
    rate = settings.instantly_requests_per_second
    gate = Gate(pool, "instantly", "default", rate_per_second=rate, burst=rate)
    return Instantly(Provider("instantly", client, gate, clock))
