"""A client wants an account gone: turn its saga towards the end, and answer when everything it had is gone."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import NOT_FOUND, may_see, refusal_of
from services.provisioner.ports_requests import Removals
from shared.contracts.accounts import AccountDeletionRequested, AccountStatus
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


async def delete_account(request: Recorded, *, store: Removals) -> None:
    """Begin the deletion once, however many ask for it; each of them is answered when the account is gone.

    Raises:
        Poison: The record names no request.
    """
    request_id, asked = id_of(request), cast("AccountDeletionRequested", request.data)
    if not await store.begin(request):
        return
    saga = await store.lock(request.subject)
    if (
        saga is None
        or not may_see(asked.caller, saga.account)
        or saga.account.status is AccountStatus.DELETED
    ):
        await store.answer(request, refusal_of(request_id, request.subject, NOT_FOUND))
    else:
        await store.delete(saga, request)
