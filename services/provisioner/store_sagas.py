"""Sagas in Postgres: claimed under a lease, and every step of theirs written in groups, each write fenced by its lease.

A write names the token, the epoch and the revision it was decided under. If another worker has the saga by now, or it
turned, or the same write was committed before, nothing of it happens and its caller learns `LeaseLost`; the other writes
of the group go on.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.provisioner.domain.sagas import AddressFate, Direction, Saga
from services.provisioner.effect_names import inbox_key
from services.provisioner.saga_rows import (
    SagaWrite,
    load,
    saga_row,
    secrets_of,
    write_states,
)
from services.provisioner.store_names import answer_joined, first_free, move_address
from services.provisioner.store_removals import answer_deletions
from services.provisioner.store_strays import abandon
from shared.contracts.accounts import AccountState, Naming
from shared.db.columns import as_columns
from shared.db.leased_rows import LeasedRows
from shared.db.leases import LeaseLost
from shared.db.pool import OUTAGE, Connection, Pool
from shared.messaging.answers import answer
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint
from shared.security.vault import INBOX_CREDENTIAL, Vault

BURNED_BECAUSE = {Direction.UNDO: "provisioning_failed", Direction.DELETE: "deleted"}
"""What a later request for the address is told (S0-39)."""

CLAIM = """
    with due as (
        select account_id, row_number() over (order by due_at) as n from (
            select account_id, due_at from saga
            where finished_at is null and due_at <= now() and (leased_until is null or leased_until < now())
            order by due_at limit cardinality($1::uuid[]) for update skip locked
        ) picked
    )
    update saga set lease_token = token, leased_until = now() + make_interval(secs => $2)
    from due join unnest($1::uuid[]) with ordinality as tokens (token, n) using (n)
    where saga.account_id = due.account_id
    returning saga.account_id
"""
STUCK = """
    select count(*) from saga where finished_at is null and case direction
        when 'forward' then started_at < now() - make_interval(secs => $1)
        else turned_at < now() - make_interval(secs => $2) end
"""

WRITE_SAGAS = """
    update saga set
        direction = w.direction, epoch = w.next_epoch, revision = w.revision + 1, attempts = w.attempts,
        last_error_code = w.error_code,
        due_at = coalesce(now() + w.wait_seconds * interval '1 second', saga.due_at),
        turned_at = case when w.has_turned then now() else saga.turned_at end,
        finished_at = case when w.is_finished then now() end,
        lease_token = case when w.keeps_lease then saga.lease_token end,
        leased_until = case when w.keeps_lease then saga.leased_until end
    from unnest(
        $1::uuid[], $2::uuid[], $3::int[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::text[], $9::float8[],
        $10::bool[], $11::bool[], $12::bool[]
    ) as w (
        account_id, token, epoch, revision, direction, next_epoch, attempts, error_code, wait_seconds,
        has_turned, is_finished, keeps_lease
    )
    where saga.account_id = w.account_id and saga.lease_token = w.token and saga.epoch = w.epoch
        and saga.revision = w.revision
    returning saga.account_id
"""
BURN = """
    update address set state = 'burned', reason = $2, burned_at = now() where account_id = $1 and state = 'live'
"""
GIVE_BACK = "delete from address where account_id = $1 and state = 'live'"
FURTHER = "select address from address where account_id = $1 and address <> $2 and state = 'live'"
SWEEP_LATER = """
    insert into sweep (account_id, step, due_at)
    select $1, step, now() + make_interval(secs => $3) from unnest($2::text[]) as step
    on conflict (account_id, step) do update
    set doubtful_since = excluded.doubtful_since, look_ups = 0, due_at = excluded.due_at
"""


class SagaStore(LeasedRows):
    """The sagas of this service; `sweep_after_seconds` is when the first look for late effects is due."""

    TABLE = "saga"

    def __init__(
        self,
        pool: Pool,
        recorder: Recorder,
        vault: Vault,
        *,
        installation: str,
        lease_seconds: float,
        sweep_after_seconds: float,
    ) -> None:
        super().__init__(pool, lease_seconds=lease_seconds)
        self._recorder = recorder
        self._vault = vault
        self._installation = installation
        self._sweep_after_seconds = sweep_after_seconds

    async def claim(self, limit: int) -> list[Saga]:
        """Lease up to `limit` due sagas, each under a token of its own, and load them."""
        tokens = [self._recorder.ids.new() for _ in range(limit)]
        async with self._pool.acquire() as connection, connection.transaction():
            claimed = await connection.fetch(CLAIM, tokens, self._lease_seconds)
            if not claimed:
                return []
            sagas = await load(connection, [row["account_id"] for row in claimed])
        failpoint("provisioner.claim.after_commit")
        return sagas

    async def count_stuck(self, forward_seconds: float, undo_seconds: float) -> int:
        """Return how many sagas go on past their time."""
        return int(await self._pool.fetchval(STUCK, forward_seconds, undo_seconds) or 0)

    async def next_free(self, names: Sequence[str], domain: str) -> str | None:
        """Return the first of these names whose address nobody has or had."""
        async with self._pool.acquire() as connection:
            return await first_free(connection, names, domain)

    async def further(self, account: AccountState) -> list[str]:
        """Return the account's addresses besides its own, also ones that are only about to be made."""
        rows = await self._pool.fetch(FURTHER, account.account_id, account.address)
        return [row["address"] for row in rows]

    async def secret_of(self, account: AccountState) -> str:
        """Return the inbox credential of an account.

        Raises:
            LookupError: It has none.
        """
        if account.credential_ref is not None:
            async with self._pool.acquire() as connection:
                secret = await self._vault.get(
                    connection,
                    id=account.credential_ref,
                    tenant_id=account.tenant_id,
                    kind=INBOX_CREDENTIAL,
                )
            if secret is not None:
                return secret
        raise LookupError("The account has no stored credential.")

    async def write(self, group: Sequence[SagaWrite]) -> list[Exception | None]:
        """Write a group in one transaction; if the group fails as a whole, each of it alone."""
        try:
            return await self._write_together(group)
        except OUTAGE:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to the caller at fault
            if len(group) == 1:
                return [error]
            return [outcome for one in group for outcome in await self.write([one])]

    async def _write_together(self, group: Sequence[SagaWrite]) -> list[Exception | None]:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(WRITE_SAGAS, *as_columns([saga_row(one) for one in group]))
            ours = {row["account_id"] for row in rows}
            kept = [one for one in group if one.before.account.account_id in ours]
            await self._write_rest(connection, kept)
            failpoint("provisioner.outcomes.before_commit")
        failpoint("provisioner.outcomes.after_commit")
        return [
            None if one.before.account.account_id in ours else LeaseLost("The saga is in other hands.")
            for one in group
        ]

    async def _write_rest(self, connection: Connection, kept: Sequence[SagaWrite]) -> None:
        await write_states(connection, kept)
        for one in kept:
            await self._write_rare(connection, one)
        await append(connection, *(event for one in kept for event in one.events))
        for one in kept:
            if one.change.answer is not None:
                told = one.change.answer.needs["account"]
                cause = next(event for event in one.events if event.sequence == told)
                await answer(connection, self._recorder, cause, one.change.answer)
                if one.before.naming is not Naming.EXACT:
                    await answer_joined(connection, self._recorder, one.change.answer)
            if one.change.is_finished and one.change.saga.direction is Direction.DELETE:
                await answer_deletions(connection, self._recorder, one.events[-1])

    async def _write_rare(self, connection: Connection, one: SagaWrite) -> None:
        """Write what few changes have: a secret made or erased, the address's fate, later sweeps."""
        change, account = one.change, one.change.saga.account
        if one.secret is not None and account.credential_ref is not None:
            await self._vault.put(
                connection,
                id=account.credential_ref,
                tenant_id=account.tenant_id,
                kind=INBOX_CREDENTIAL,
                secret=one.secret,
            )
        for id_ in secrets_of(one.before.account) - secrets_of(account):
            await self._vault.forget(connection, id=id_)
        if change.left is not None:
            await move_address(connection, one.before.account, account, change.left)
            if change.left is AddressFate.BURNED:
                left = one.before.account
                key = inbox_key(self._installation, left)
                await abandon(connection, one.events[0].id, left.account_id, left.address, key)
        if change.address is AddressFate.RELEASED:
            await connection.execute(GIVE_BACK, account.account_id)
        elif change.address is AddressFate.BURNED:
            await connection.execute(BURN, account.account_id, BURNED_BECAUSE[change.saga.direction])
        if change.sweeps:
            steps = [step.value for step in change.sweeps]
            await connection.execute(SWEEP_LATER, account.account_id, steps, self._sweep_after_seconds)
