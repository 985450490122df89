"""A client gives a domain up: handed to whoever works on the name, and answered when the claim is gone."""

from __future__ import annotations

from services.provisioner.domain.domain_changes import NOT_FOUND, refusal_of
from services.provisioner.domain.domains import may_see
from services.provisioner.domain_work import open_request
from services.provisioner.ports_domains import ClaimDesk
from shared.contracts.domains import DomainDeletionRequested
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


async def delete_domain(request: Recorded, asked: DomainDeletionRequested, *, desk: ClaimDesk) -> None:
    """Have the claim deleted, however many ask for it; each of them is answered when it is gone, or at once if it may stay.

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await desk.begin(request):
        return
    claim = await desk.claim(request.subject)
    if claim is None or not may_see(claim, asked.caller):
        await desk.answer(request, refusal_of(request_id, request.subject, NOT_FOUND))
    else:
        wish = open_request(request, claim.id, is_deletion=True, is_cascade=asked.cascade)
        await desk.ask(wish, claim)
