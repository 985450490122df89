"""A client commands a warmup to pause, to go on or to end: the gate, and then one attempt that the same command joins."""

from __future__ import annotations

from services.warmup.domain.commands import Command, is_allowed
from services.warmup.handlers import answers
from services.warmup.handlers.retry_warmup import may_see
from services.warmup.ports import WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupDisableRequested, WarmupPauseRequested, WarmupResumeRequested
from shared.errors import Poison
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def command_warmup(store: WarmupStore, recorder: Recorder, request: Recorded) -> None:
    """Refuse in any other state than the command is for, and while another command is under way; else wait for the attempt.

    An attempt to enable that is under way ends first: the worker takes up the command after it.

    Raises:
        Poison: The record commands nothing, or names no request.
    """
    match request.data:
        case WarmupPauseRequested(reason=reason) as data:
            command = Command.PAUSE
        case WarmupDisableRequested(reason=reason) as data:
            command = Command.DISABLE
        case WarmupResumeRequested() as data:
            command, reason = Command.RESUME, None
        case _:
            raise Poison("A command without a meaning for warmups.")
    request_id = id_of(request)
    if not await store.begin(request):
        return
    warmup = await store.load(request.subject)
    if warmup is not None and not may_see(data, warmup):
        warmup = None
    if warmup is None or not is_allowed(command, warmup):
        refusal = answers.wrong_state(request_id, request.subject, warmup, command)
        await store.answer(Cause.of(request), refusal)
        return
    under_way = await store.command_of(request.subject)
    if under_way is None:
        await store.open_command(request.subject, command, reason, recorder.clock.now())
    elif under_way is not command:
        refusal = answers.busy(request_id, request.subject, warmup)
        await store.answer(Cause.of(request), refusal)
        return
    await store.wait_for_command(request)
