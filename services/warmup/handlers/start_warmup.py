"""An account with a warmup in its plan is provisioned: its warmup begins, and its first attempt is due at once."""

from __future__ import annotations

from services.warmup.domain.warmup import Warmup
from services.warmup.ports import WarmupStore
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupStatus
from shared.messaging.recorder import Recorder


async def start_warmup(
    store: WarmupStore, recorder: Recorder, provisioned: Recorded, account: AccountState
) -> None:
    """Keep a new warmup; nothing is told of it before its first attempt has come to an outcome."""
    if not account.plan.warmup:
        return
    now = recorder.clock.now()
    await store.add(
        Warmup(
            account_id=account.account_id,
            tenant_id=account.tenant_id,
            workspace_id=account.workspace_id,
            address=account.address,
            account_version=provisioned.sequence or 0,
            status=WarmupStatus.STARTING,
            created_at=now,
            updated_at=now,
            last_event_id=provisioned.id,
            last_event_time=provisioned.time,
            traceparent=provisioned.traceparent,
            create_request_id=provisioned.request_id,
            due_at=now,
        )
    )
