"""A client wants an account gone: turn its saga towards the end, and answer when everything it had is gone."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import may_see
from services.provisioner.ports_requests import Removals
from shared.contracts.accounts import AccountDeletionRequested, AccountStatus
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.errors import Poison


async def delete_account(request: Recorded, *, store: Removals) -> None:
    """Begin the deletion once, however many ask for it; each of them is answered when the account is gone.

    Raises:
        Poison: The record names no request.
    """
    if request.request_id is None:
        raise Poison("A deletion request without a request id.")
    if not await store.begin(request):
        return
    asked = cast("AccountDeletionRequested", request.data)
    saga = await store.lock(request.subject)
    if (
        saga is None
        or not may_see(asked.caller, saga.account)
        or saga.account.status is AccountStatus.DELETED
    ):
        answer = AccountRequestAnswered(
            request_id=request.request_id,
            outcome=Outcome.REFUSED,
            subject_id=request.subject,
            code="account_not_found",
            message="There is no such account.",
        )
        await store.answer(request, answer)
    else:
        await store.delete(saga, request)
