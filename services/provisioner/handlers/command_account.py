"""A client wants something of an account that takes one attempt: put it in line, or say that there is no such account."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import NOT_FOUND, may_see, refusal_of
from services.provisioner.ports_requests import Commands
from shared.contracts.accounts import AccountChangeRequested, AccountChanges, AccountStatus
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Request
from shared.errors import Poison
from shared.messaging.answers import id_of


async def command_account(request: Recorded, *, store: Commands) -> None:
    """Let a worker attempt it behind whatever was asked of the same account before.

    Raises:
        Poison: The record names no request, or a change of something that nobody may change.
    """
    request_id, asked = id_of(request), cast("Request", request.data)
    if isinstance(asked, AccountChangeRequested) and not set(asked.changed) <= set(
        AccountChanges.model_fields
    ):
        raise Poison("A change of something that nobody may change.")
    if not await store.begin(request):
        return
    account = await store.account(request.subject)
    if account is None or not may_see(asked.caller, account) or account.status is AccountStatus.DELETED:
        await store.answer(request, refusal_of(request_id, request.subject, NOT_FOUND))
    else:
        await store.add(request)
