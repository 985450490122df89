"""The account goes away: whatever attempt is under way is fenced off, and the warmup has ended."""

from __future__ import annotations

from dataclasses import replace

from services.warmup.domain.warmup import Warmup, begun, over
from services.warmup.handlers import answers
from services.warmup.handlers.facts import tell
from services.warmup.ports import WarmupStore
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupEnded, WarmupStatus
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def end_warmup(store: WarmupStore, recorder: Recorder, event: Recorded) -> None:
    """End the warmup if there is one, and answer whoever waits for it.

    The worker that holds its lease loses it here, so that nothing it learns afterwards can be recorded.
    """
    warmup = await store.load(event.subject)
    if warmup is None or warmup.status is WarmupStatus.ENDED:
        return
    ended, fact = _ended(recorder, warmup, event)
    await store.replace(warmup, ended)
    await store.record(fact)
    for waiting in await store.take_waiting(warmup.account_id):
        refusal = answers.wrong_state(waiting.request_id, warmup.account_id, ended)
        await store.answer(Cause.of(fact), refusal)
    command = await store.command_of(warmup.account_id)
    for waiting in await store.close_command(warmup.account_id):
        refusal = answers.wrong_state(waiting.request_id, warmup.account_id, ended, command)
        await store.answer(Cause.of(fact), refusal)
    if warmup.create_request_id is not None:
        refusal = answers.ended_before_start(warmup.create_request_id, warmup.account_id)
        await store.answer(Cause.of(fact), refusal)


async def end_before_start(
    store: WarmupStore, recorder: Recorder, deleting: Recorded, account: AccountState
) -> None:
    """End the warmup that the plan of a deleted account promises, also one that never began.

    Whoever deletes the account waits for this end; what is kept of it is a tombstone, so that no `AccountProvisioned`
    that comes late or again starts a warmup.
    """
    if account.plan.warmup:
        never_begun = begun(account, deleting, recorder.clock.now())
        tombstone, fact = _ended(recorder, replace(never_begun, create_request_id=None), deleting)
        if await store.add(tombstone):
            await store.record(fact)
            return
    await end_warmup(store, recorder, deleting)


def _ended(recorder: Recorder, warmup: Warmup, event: Recorded) -> tuple[Warmup, Recorded]:
    ended = replace(over(warmup, WarmupStatus.ENDED), create_request_id=None)
    return tell(recorder, warmup, ended, WarmupEnded, cause=Cause.of(event), request_id=event.request_id)
