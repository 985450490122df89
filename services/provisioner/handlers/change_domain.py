"""A client says how a domain stands: written down by whoever works on the name, until a check decides again."""

from __future__ import annotations

from services.provisioner.domain.domain_changes import NOT_FOUND, refusal_of
from services.provisioner.domain.domains import GIVEN_UP, may_see
from services.provisioner.domain_work import open_request
from services.provisioner.ports_domains import ClaimDesk
from shared.contracts.domains import DomainChangeRequested, DomainStatus
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


async def change_domain(request: Recorded, asked: DomainChangeRequested, *, desk: ClaimDesk) -> None:
    """Have the claim's status overridden once per request; that it is verified is nobody's to say.

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await desk.begin(request):
        return
    claim = await desk.claim(request.subject)
    if claim is None or not may_see(claim, asked.caller) or claim.status in GIVEN_UP:
        await desk.answer(request, refusal_of(request_id, request.subject, NOT_FOUND))
    else:
        await desk.ask(open_request(request, claim.id, change_to=DomainStatus(asked.status)), claim)
