"""Looks at a warmup that a client paused or disabled: while an unseen call may yet change it, and at a pause once a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.warmup.domain.attempts import Sender
from services.warmup.domain.commanded import resumed, revived, settled
from services.warmup.domain.decisions import shut_out
from services.warmup.domain.figures import observed
from services.warmup.domain.unsettled import Late, decide_late
from services.warmup.domain.warmup import Warmup
from services.warmup.handlers.facts import tell
from services.warmup.handlers.tools import Tools
from services.warmup.ports import ProviderTrouble
from shared.contracts.warmups import WarmupFact, WarmupResumed, WarmupStatus


async def settle_warmup(tools: Tools, warmup: Warmup) -> None:
    """Ask what the provider shows until that can change no more, and make ours and the provider's agree.

    Stopping what came too late is safe to repeat: the intent stays, so that every such call is looked up like the first.
    """
    at_least = None
    try:
        sender = await tools.provider.sender(warmup.address)
        late = decide_late(warmup, sender, tools.recorder.clock.now())
    except ProviderTrouble as trouble:
        sender, late, at_least = None, Late.WAIT, trouble.wait_seconds
    if late is Late.STOP:
        if not tools.leases.is_sure(warmup.token):
            return
        await tools.provider.disable([warmup.address])
    now, schedule = tools.recorder.clock.now(), tools.schedule
    again = replace(warmup, tries=warmup.tries + 1)
    match late:
        case Late.WAIT:
            await _keep(tools, warmup, replace(again, due_at=schedule.follow_at(now, warmup.tries, at_least)))
        case Late.STOP:
            await _keep(
                tools, warmup, replace(again, intent_at=now, due_at=schedule.retry_at(now, again.tries))
            )
        case Late.SETTLED:
            await _keep(tools, warmup, settled(warmup, schedule.next_day(now, warmup.account_id)))
        case _:
            await _tell(tools, warmup, sender, late)


async def watch_warmup(tools: Tools, warmup: Warmup, sender: Sender | None, now: datetime) -> None:
    """Record what the provider did meanwhile to a warmup that a client paused; let it be stopped again if it warms."""
    match late := decide_late(warmup, sender, now):
        case Late.STOP:
            await _keep(tools, warmup, revived(warmup, now))
        case Late.BANNED | Late.SUSPENDED:
            await _tell(tools, warmup, sender, late)
        case _:
            await _keep(tools, warmup, settled(warmup, tools.schedule.next_day(now, warmup.account_id)))


async def _keep(tools: Tools, warmup: Warmup, after: Warmup) -> None:
    async with tools.desk.transaction() as store:
        await store.replace(warmup, after)


async def _tell(tools: Tools, warmup: Warmup, sender: Sender | None, late: Late) -> None:
    now = tools.recorder.clock.now()
    seen = observed(warmup, sender, None, now)
    kind: type[WarmupFact]
    if late is Late.RESUMED:
        due_at = tools.schedule.next_day(now, warmup.account_id)
        after, kind = resumed(seen, now, is_confirmed=True, job_id=None, due_at=due_at), WarmupResumed
    else:
        status = WarmupStatus.BANNED if late is Late.BANNED else WarmupStatus.SUSPENDED
        after, kind = shut_out(seen, status, tools.policy, now)
    after, fact = tell(tools.recorder, warmup, after, kind)
    async with tools.desk.transaction() as store:
        if await store.replace(warmup, after):
            await store.record(fact)
    tools.announce()
