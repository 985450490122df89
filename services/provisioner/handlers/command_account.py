"""A client wants something of an account that takes one attempt: put it in line, or say that there is no such account."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import may_see
from services.provisioner.ports_requests import Commands
from shared.contracts.accounts import AccountChangeRequested, AccountChanges, AccountStatus
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Request
from shared.errors import Poison


async def command_account(request: Recorded, *, store: Commands) -> None:
    """Let a worker attempt it behind whatever was asked of the same account before.

    Raises:
        Poison: The record names no request, or a change of something that nobody may change.
    """
    asked = cast("Request", request.data)
    if request.request_id is None:
        raise Poison("A command without a request id.")
    if isinstance(asked, AccountChangeRequested) and not set(asked.changed) <= set(
        AccountChanges.model_fields
    ):
        raise Poison("A change of something that nobody may change.")
    if not await store.begin(request):
        return
    account = await store.account(request.subject)
    if account is None or not may_see(asked.caller, account) or account.status is AccountStatus.DELETED:
        answer = AccountRequestAnswered(
            request_id=request.request_id,
            outcome=Outcome.REFUSED,
            subject_id=request.subject,
            code="account_not_found",
            message="There is no such account.",
        )
        await store.answer(request, answer)
    else:
        await store.add(request)
