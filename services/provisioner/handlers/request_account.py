"""A client asks for an account: reserve an address and start its saga, find the one it has, or say why not."""

from __future__ import annotations

from typing import cast

from services.provisioner.domain.accounts import (
    DomainClaim,
    Refusal,
    Reservation,
    new_account,
    refusal_of,
    refuse_by_claim,
    refuse_by_holder,
)
from services.provisioner.domain.names import Existing, Wish, is_answer, refuse_taken, wish_of
from services.provisioner.ports_requests import Reservations
from shared.clock import event_time
from shared.contracts.accounts import AccountRequested, AccountReserved, AccountStatus, Naming
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.errors import Poison
from shared.messaging.answers import id_of
from shared.messaging.recorder import Recorder


async def request_account(request: Recorded, *, store: Reservations, recorder: Recorder) -> None:
    """Reserve an address for exactly one account, however often and by however many it is asked for.

    No provider is called here; the saga that was recorded goes on from Postgres (S0-19, S0-36, S0-38, S0-39). Where the
    dialect wants it, the tenant's own inbox of that name is the answer, or the next free name is taken (S2-14, S2-19).

    Raises:
        Poison: The record names no request, no address or no domain.
    """
    request_id = id_of(request)
    if not await store.begin(request):
        return
    asked = cast("AccountRequested", request.data)
    if asked.username is None and asked.naming is Naming.EXACT:
        raise Poison("A request for an account that names no address.")
    claim = await _claim(asked, store)
    scope = (asked.caller.tenant_id, asked.workspace_id, asked.caller.dialect)
    refusal = refuse_by_claim(claim, *scope, named=asked.domain or asked.domain_id)
    domain = claim.domain if claim is not None else (asked.domain or "").lower()
    if domain:
        wish = wish_of(asked, domain)
        existing = await _look(wish, store)
        if existing is not None:
            await _match(request, existing, store)
            return
        if refusal is None and claim is not None:
            refusal = await _reserve(request, wish, claim, store, recorder)
    if refusal is not None:
        await store.answer(request, refusal_of(request_id, request.subject, refusal))


async def _claim(asked: AccountRequested, store: Reservations) -> DomainClaim | None:
    if asked.domain_id is not None:
        return await store.claim(asked.domain_id)
    if asked.domain is None:
        raise Poison("A request for an account that names no domain.")
    caller = asked.caller
    return await store.claim_to(asked.domain.lower(), caller.tenant_id, asked.workspace_id, caller.dialect)


async def _look(wish: Wish, store: Reservations) -> Existing | None:
    """Return the inbox that is the answer; others that want the same wait until this one is decided (A31)."""
    if not wish.may_match:
        return None
    await store.hold(wish)
    existing = await store.at(wish.address)
    if existing is not None and is_answer(wish, existing):
        return existing
    return await store.remembered(wish) if wish.is_remembered else None


async def _match(request: Recorded, existing: Existing, store: Reservations) -> None:
    """Answer with an inbox that exists, as soon as it does."""
    if existing.status is AccountStatus.RESERVED:
        await store.join(request, existing)
    else:
        answer = AccountRequestAnswered(
            request_id=id_of(request),
            outcome=Outcome.MATCHED,
            subject_id=existing.account_id,
            needs={"account": existing.version},
        )
        await store.answer(request, answer)


async def _reserve(
    request: Recorded, wish: Wish, claim: DomainClaim, store: Reservations, recorder: Recorder
) -> Refusal | None:
    """Take the first of the names it may have that nobody has, or had; one that is lost to another is passed by."""
    while True:
        name: str | None = wish.name
        if wish.naming is not Naming.EXACT:
            name = await store.first_free(wish.candidates(), wish.domain)
        if name is None:
            return refuse_taken(wish.address)
        reservation = _reservation(request, wish, claim, name, recorder)
        holder = await store.reserve(reservation)
        if holder is None:
            if wish.is_remembered:
                await store.remember(wish, request.subject)
            return None
        if wish.naming is Naming.EXACT:
            return refuse_by_holder(wish.address, holder)
        existing = await store.at(wish.address)
        if existing is not None and is_answer(wish, existing):
            await _match(request, existing, store)
            return None


def _reservation(
    request: Recorded, wish: Wish, claim: DomainClaim, name: str, recorder: Recorder
) -> Reservation:
    asked = cast("AccountRequested", request.data)
    at = event_time(recorder.clock.now(), request.time)
    account = new_account(request.subject, asked, claim, name, at)
    fact = recorder.event(
        AccountReserved(account=account),
        subject=account.account_id,
        tenant_id=account.tenant_id,
        workspace_id=account.workspace_id,
        sequence=1,
        cause=request,
    )
    return Reservation(account, fact, request, wish.naming, wish.name)
