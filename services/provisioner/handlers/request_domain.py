"""A client claims a domain: kept and worked on, matched with its own earlier claim, or refused."""

from __future__ import annotations

from datetime import datetime

from services.provisioner.domain.domain_changes import TAKEN, match_of, refusal_of
from services.provisioner.domain.domains import Claim
from services.provisioner.domain.ownership import ownership_record
from services.provisioner.domain_work import open_request
from services.provisioner.ports_domains import ClaimDesk
from shared.contracts.domains import DomainRequested, DomainState, DomainStatus
from shared.contracts.envelope import Recorded
from shared.messaging.answers import id_of


async def request_domain(
    request: Recorded, asked: DomainRequested, *, desk: ClaimDesk, now: datetime, ownership_key: bytes
) -> None:
    """Take a claim in hand once, however often its request arrives.

    A workspace has one claim to a name in each dialect; an unverified claim of another tenant is no hindrance, a verified one is.

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await desk.begin(request):
        return
    claim = _new_claim(request, asked, now, ownership_key)
    if await desk.owner_of(claim.state.domain) not in {None, request.tenant_id}:
        await desk.answer(request, refusal_of(request_id, request.subject, TAKEN))
        return
    existing = await desk.add(claim)
    if existing is None:
        await desk.ask(open_request(request, claim.id), claim)
    else:
        await desk.answer(request, match_of(existing, request_id))


def _new_claim(request: Recorded, asked: DomainRequested, now: datetime, ownership_key: bytes) -> Claim:
    domain = asked.domain.lower()
    state = DomainState(
        domain_id=request.subject,
        tenant_id=request.tenant_id,
        workspace_id=asked.workspace_id,
        user_id=asked.caller.user_id,
        dialect=asked.caller.dialect,
        domain=domain,
        status=DomainStatus.PENDING,
        created_at=now,
        updated_at=now,
    )
    return Claim(state=state, ownership=ownership_record(ownership_key, request.tenant_id, domain))
