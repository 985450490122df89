"""A client asks to try enabling again: the gate, and then one attempt at a time that later requests join."""

from __future__ import annotations

from services.warmup.domain.warmup import asked_to_retry
from services.warmup.handlers import answers
from services.warmup.ports import Cause, WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupRetryRequested, WarmupStatus
from shared.errors import Poison
from shared.messaging.recorder import Recorder


async def retry_warmup(
    store: WarmupStore, recorder: Recorder, request: Recorded, data: WarmupRetryRequested
) -> None:
    """Refuse in any state but `not_started` (S1-8…S1-11); else wait for the attempt (S1-14, S1-16).

    Raises:
        Poison: The record names no request.
    """
    if request.request_id is None:
        raise Poison("A retry request without a request id.")
    if not await store.begin(request):
        return
    warmup = await store.load(request.subject)
    if warmup is None or not _may_see(data, warmup.tenant_id, warmup.workspace_id):
        refusal = answers.wrong_state(request.request_id, request.subject, None)
        await store.answer(Cause.of(request), refusal)
    elif warmup.status is not WarmupStatus.NOT_STARTED:
        refusal = answers.wrong_state(request.request_id, request.subject, warmup)
        await store.answer(Cause.of(request), refusal)
    else:
        await store.wait(request)
        if not warmup.is_open:
            await store.replace(warmup, asked_to_retry(warmup, recorder.clock.now()))


def _may_see(data: WarmupRetryRequested, tenant_id: object, workspace_id: object) -> bool:
    caller = data.caller
    return caller.tenant_id == tenant_id and caller.workspace_id in {None, workspace_id}
