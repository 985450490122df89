"""A client asks to try enabling again: the gate, and then one attempt at a time that later requests join."""

from __future__ import annotations

from services.warmup.domain.warmup import Warmup, asked_to_retry
from services.warmup.handlers import answers
from services.warmup.ports import WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Request
from shared.contracts.warmups import WarmupRetryRequested, WarmupStatus
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def retry_warmup(
    store: WarmupStore, recorder: Recorder, request: Recorded, data: WarmupRetryRequested
) -> None:
    """Refuse in any state but `not_started` (S1-8…S1-11); else wait for the attempt (S1-14, S1-16).

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await store.begin(request):
        return
    warmup = await store.load(request.subject)
    if warmup is not None and not may_see(data, warmup):
        warmup = None
    if warmup is None or warmup.status is not WarmupStatus.NOT_STARTED:
        refusal = answers.wrong_state(request_id, request.subject, warmup)
        await store.answer(Cause.of(request), refusal)
    elif await store.command_of(request.subject) is not None:
        await store.answer(Cause.of(request), answers.busy(request_id, request.subject, warmup))
    else:
        await store.wait(request)
        if not warmup.is_open:
            await store.replace(warmup, asked_to_retry(warmup, recorder.clock.now()))


def may_see(request: Request, warmup: Warmup) -> bool:
    """Say whether the caller's key sees the account."""
    caller = request.caller
    return caller.tenant_id == warmup.tenant_id and caller.workspace_id in {None, warmup.workspace_id}
