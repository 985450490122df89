"""An account with a warmup in its plan is provisioned: its warmup begins, and its first attempt is due at once."""

from __future__ import annotations

from services.warmup.domain.warmup import begun
from services.warmup.handlers import answers
from services.warmup.ports import WarmupStore
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupStatus
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def start_warmup(
    store: WarmupStore, recorder: Recorder, provisioned: Recorded, account: AccountState
) -> None:
    """Keep a new warmup; nothing is told of it before its first attempt has come to an outcome.

    One that ended before it began stays ended: only the create request, if it has no answer yet, gets one.
    """
    if not account.plan.warmup or await store.add(begun(account, provisioned, recorder.clock.now())):
        return
    known = await store.load(account.account_id)
    if known is not None and known.status is WarmupStatus.ENDED and provisioned.request_id is not None:
        refusal = answers.ended_before_start(provisioned.request_id, account.account_id)
        await store.answer(Cause.of(provisioned), refusal)
