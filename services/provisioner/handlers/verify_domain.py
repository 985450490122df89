"""A client asks for a domain to be checked now: worked on, or answered at once when there is nothing to check."""

from __future__ import annotations

from services.provisioner.domain.domain_changes import NOT_FOUND, TAKEN, answer_of, refusal_of
from services.provisioner.domain.domains import may_see
from services.provisioner.domain_work import open_request
from services.provisioner.ports_domains import ClaimDesk
from shared.contracts.domains import DomainStatus, DomainVerificationRequested
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


async def verify_domain(request: Recorded, asked: DomainVerificationRequested, *, desk: ClaimDesk) -> None:
    """Have the claim checked once per request (S0-20); a verified domain stays verified whatever is asked.

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await desk.begin(request):
        return
    claim = await desk.claim(request.subject)
    if claim is None or not may_see(claim, asked.caller) or claim.status is DomainStatus.DELETING:
        await desk.answer(request, refusal_of(request_id, request.subject, NOT_FOUND))
    elif claim.status is DomainStatus.VERIFIED:
        await desk.answer(request, answer_of(claim, request_id))
    elif await desk.owner_of(claim.state.domain) not in {None, claim.state.tenant_id}:
        await desk.answer(request, refusal_of(request_id, claim.id, TAKEN))
    else:
        await desk.ask(open_request(request, claim.id, is_check=True), claim)
