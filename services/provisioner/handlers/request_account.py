"""A client asks for an account: reserve its address and start its saga, or say why not."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import (
    DomainClaim,
    Refusal,
    Reservation,
    new_account,
    refuse_by_claim,
    refuse_by_holder,
)
from services.provisioner.ports import Reservations
from shared.clock import event_time
from shared.contracts.accounts import AccountRequested, AccountReserved
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.errors import Poison
from shared.messaging.recorder import Recorder


async def request_account(request: Recorded, *, store: Reservations, recorder: Recorder) -> None:
    """Reserve the address for exactly one account, however often and by however many it is asked for.

    No provider is called here; the saga that was recorded goes on from Postgres (S0-19, S0-36, S0-38, S0-39).
    """
    if not await store.begin(request):
        return
    refusal = await _reserve(request, store, recorder)
    if refusal is None or request.request_id is None:
        return
    answer = AccountRequestAnswered(
        request_id=request.request_id,
        outcome=Outcome.REFUSED,
        subject_id=request.subject,
        code=refusal.code,
        message=refusal.message,
        details=refusal.details,
    )
    await store.answer(request, answer)


async def _reserve(request: Recorded, store: Reservations, recorder: Recorder) -> Refusal | None:
    asked = cast("AccountRequested", request.data)
    if asked.username is None:
        raise Poison("A request for an account that names no address.")
    claim = await _claim(asked, store)
    refusal = refuse_by_claim(asked, claim)
    if refusal is not None or claim is None:
        return refusal
    account = new_account(request.subject, asked, claim, event_time(recorder.clock.now(), request.time))
    fact = recorder.event(
        AccountReserved(account=account),
        subject=account.account_id,
        tenant_id=account.tenant_id,
        workspace_id=account.workspace_id,
        sequence=1,
        cause=request,
    )
    holder = await store.reserve(Reservation(account, fact, request))
    return None if holder is None else refuse_by_holder(account.address, holder)


async def _claim(asked: AccountRequested, store: Reservations) -> DomainClaim | None:
    if asked.domain_id is not None:
        return await store.claim(asked.domain_id)
    if asked.domain is None:
        raise Poison("A request for an account that names no domain.")
    caller = asked.caller
    return await store.claim_to(asked.domain, caller.tenant_id, asked.workspace_id, caller.dialect)
