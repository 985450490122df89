"""The composition root: builds the provider client and the workers, and the service around them."""

from __future__ import annotations

import random

from starlette.applications import Starlette

from services.warmup.domain.policies import POLICIES
from services.warmup.domain.schedule import Jitter, Schedule
from services.warmup.domain.warmup import Warmup
from services.warmup.handlers.enable_warmups import Batch, EnableWarmups
from services.warmup.handlers.follow_warmup import FollowWarmup
from services.warmup.handlers.hold_warmups import HoldWarmups
from services.warmup.handlers.judge_day import JudgeDay
from services.warmup.handlers.run_commands import RunCommands
from services.warmup.handlers.tools import Tools
from services.warmup.ports import DueCommand
from services.warmup.providers.instantly import Instantly
from services.warmup.settings import WarmupSettings
from services.warmup.store import Desk
from services.warmup.subscribers import TOPICS, warmup_handlers
from services.warmup.tidying import chores
from shared.clock import Clock, Ids
from shared.db.leased_work import LeasedWorker
from shared.db.leases import KeptLeases
from shared.messaging.parts import Part
from shared.service import Base, build_service

SERVICE = "warmup"


def build(
    settings: WarmupSettings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    jitter: Jitter = random.uniform,
) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops."""
    schedule = schedule_of(settings, jitter)

    async def open_parts(base: Base) -> list[Part]:
        provider = await base.instantly(settings)
        recorder = base.recorder
        desk = Desk(base.pool, recorder, recorder.ids, lease_seconds=settings.warmup_lease_seconds)
        policy = POLICIES[settings.warmup_policy]
        leases = KeptLeases(desk, settings.warmup_lease_seconds)
        base.stack.push_async_callback(leases.give_back)
        tools = Tools(desk, leases, Instantly(provider), recorder, schedule, policy, base.announce)
        return [_part(tools, settings.warmup_concurrency)]

    return build_service(SERVICE, settings, TOPICS, open_parts, chores=chores(settings), clock=clock, ids=ids)


def _part(tools: Tools, concurrency: int) -> Part:
    enable, follow, judge = EnableWarmups(tools), FollowWarmup(tools), JudgeDay(tools)
    command, hold = RunCommands(tools), HoldWarmups(tools)
    enabling = LeasedWorker[Batch]("enable", enable.claim, enable.run, concurrency=concurrency)
    following = LeasedWorker[Warmup]("follow", follow.claim, follow.run, concurrency=16)
    judging = LeasedWorker[Batch]("judge", judge.claim, judge.run, concurrency=2)
    commanding = LeasedWorker[DueCommand]("command", command.claim, command.run, concurrency=concurrency)
    holding = LeasedWorker[Warmup]("hold", hold.claim, hold.run, concurrency=8)

    def wake() -> None:
        for worker in (enabling, commanding, holding):
            worker.wake()

    return Part(
        handlers=warmup_handlers(tools.recorder),
        tasks={
            "enabling": enabling.run,
            "following": following.run,
            "judging": judging.run,
            "commanding": commanding.run,
            "holding": holding.run,
            "leases": tools.leases.run,
        },
        wake=wake,
    )


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
