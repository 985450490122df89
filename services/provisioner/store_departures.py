"""Claims on their way out, written under the lease of their name, so that no account is made on what is given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import asyncpg

from services.provisioner.domain.domain_changes import IN_USE, Change, deleting, refusal_of
from services.provisioner.domain.domains import Claim
from services.provisioner.domain_work import AccountsLeft, Lease, OpenRequest
from services.provisioner.store_domains import PostgresNames
from services.provisioner.store_removals import delete_accounts
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.db.pool import Connection
from shared.errors import Retryable
from shared.messaging.recorder import Recorder

HAS_ACCOUNTS = """
    select exists (
        select from account join saga on saga.account_id = account.id
        where account.domain_id = $1 and account.status <> 'deleted'
            and not (account.status = 'failed' and saga.finished_at is not null)
    )
"""
HAS_GUESTS = """
    select exists (
        select from address join account on account.id = address.account_id
        where split_part(address.address, '@', 2) = $5 and address.state = 'live' and account.status <> 'deleted'
            and account.tenant_id = $1 and account.workspace_id = $2 and account.dialect = $3
            and account.domain_id <> $4
    )
"""
"""Whether accounts of other domains have a further address here."""
BEGIN_REMOVAL = """
    update provider_domain set removal_intent_at = coalesce(removal_intent_at, now())
    where domain = $1 and (removal_intent_at is not null or 1 = (
        select count(*) from domain_claim where domain = $1 and status <> 'deleted'
    ))
    returning true
"""
END_REMOVAL = """
    update provider_domain set provider_domain_id = null, registration_intent_at = null, asked_at = null,
        removal_intent_at = null
    where domain = $1
"""
DISOWN = """
    update provider_domain set owner_tenant_id = null
    where domain = $1 and owner_tenant_id = $2 and not exists (
        select from domain_claim
        where domain = $1 and tenant_id = $2 and status <> 'deleted' and verified_at is not null
    )
"""


class PostgresDepartures:
    """The `Departures`; `announce` is called after each commit that recorded events."""

    def __init__(
        self,
        names: PostgresNames,
        recorder: Recorder,
        announce: Callable[[], None],
        *,
        warmup_end_seconds: float,
    ) -> None:
        self._names = names
        self._recorder = recorder
        self._announce = announce
        self._warmup_end_seconds = warmup_end_seconds

    async def begin(self, lease: Lease, claim: Claim, request: OpenRequest) -> Claim | None:
        """Let no further account be made on the claim; None, with the request refused, if it may not go."""
        begun = None
        async with self._names.held(lease, still=claim.id) as connection:
            if await self._is_in_use(connection, claim, request):
                refusal = refusal_of(request.request_id, claim.id, IN_USE)
                await self._names.reply(connection, claim, request, refusal)
            else:
                change = deleting(claim, self._recorder.clock.now())
                begun = await self._names.write(connection, change, ())
        self._announce()
        return begun

    async def _is_in_use(self, connection: Connection, claim: Claim, request: OpenRequest) -> bool:
        if request.is_cascade:
            return False
        has_accounts = await connection.fetchval(HAS_ACCOUNTS, claim.id)
        return bool(has_accounts or await _has_guests(connection, claim))

    async def delete_accounts(self, lease: Lease, claim: Claim) -> AccountsLeft:
        """Begin the deletion of the next accounts of the claim, and return how far all are that have an address on it.

        Accounts of other domains with a further address here are waited for: their owner deletes them, or takes it off.
        """
        if claim.last_event_id is None or claim.last_event_time is None:
            raise AssertionError("A claim that is being deleted has said so.")
        cause = Recorded(
            id=claim.last_event_id,
            subject=claim.id,
            time=claim.last_event_time,
            tenant_id=claim.state.tenant_id,
            workspace_id=claim.state.workspace_id,
            data=deleting(claim, claim.last_event_time).fact(domain=claim.state),
            request_id=claim.request_id,
            traceparent=claim.traceparent,
        )
        try:
            async with self._names.held(lease) as connection:
                left = await delete_accounts(
                    connection,
                    self._recorder,
                    claim.id,
                    cause,
                    warmup_end_seconds=self._warmup_end_seconds,
                )
                if left is AccountsLeft.NONE and await _has_guests(connection, claim):
                    left = AccountsLeft.GOING
        except asyncpg.DeadlockDetectedError:
            raise Retryable("Its accounts are being written to.", code="accounts_busy") from None
        if left:
            self._announce()
        return left

    async def begin_removal(self, lease: Lease) -> bool:
        """Record that everything of the name is about to be removed; False if another claim to it still needs that.

        Once recorded it is gone through with: a claim that is made meanwhile registers the name anew.
        """
        async with self._names.held(lease) as connection:
            return bool(await connection.fetchval(BEGIN_REMOVAL, lease.domain))

    async def finish(
        self, lease: Lease, change: Change, requests: Sequence[OpenRequest], *, is_removed: bool
    ) -> None:
        """Write the end of a claim, and answer these requests with it; `is_removed`: the provider has forgotten the name.

        The name is free for the next tenant to verify once no claim is left that its owner ever verified.
        """
        async with self._names.held(lease) as connection:
            await self._names.write(connection, change, requests)
            if is_removed:
                await connection.execute(END_REMOVAL, lease.domain)
            await connection.execute(DISOWN, lease.domain, change.claim.state.tenant_id)
        self._announce()


async def _has_guests(connection: Connection, claim: Claim) -> bool:
    state = claim.state
    if state.dialect is not Dialect.MYAGENTMAIL:  # further addresses are its alone
        return False
    return bool(
        await connection.fetchval(
            HAS_GUESTS, state.tenant_id, state.workspace_id, state.dialect.value, claim.id, state.domain
        )
    )
