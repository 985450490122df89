"""Commands in Postgres: one at a time per account, in the order they were asked, and concluded under their lease."""

from __future__ import annotations

from typing import Any

import asyncpg

from services.provisioner.commands import Change, Command, Made
from services.provisioner.domain.accounts import Refusal
from services.provisioner.saga_rows import account_of
from services.provisioner.store_strays import burn, doubt, expect, forget, keep, orphan
from shared.clock import event_time
from shared.contracts.accounts import AccountState, AccountStatus
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.db.leased_rows import LeasedRows
from shared.db.leases import LeaseLost
from shared.db.pool import Connection, Pool
from shared.messaging import answers
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint
from shared.security.vault import INBOX_CREDENTIAL, Vault

CLAIM = """
    with due as (
        select request_id, row_number() over (order by place) as n from (
            select request_id, place from account_command first
            where due_at <= now() and (leased_until is null or leased_until < now()) and not exists (
                select from account_command earlier
                where earlier.account_id = first.account_id and earlier.place < first.place
            )
            order by place limit cardinality($1::uuid[]) for update skip locked
        ) picked
    ), claimed as (
        update account_command command
        set lease_token = token, leased_until = now() + make_interval(secs => $2)
        from due join unnest($1::uuid[]) with ordinality as tokens (token, n) using (n)
        where command.request_id = due.request_id
        returning command.*, extract(epoch from now() - command.asked_at)::float8 as age_seconds
    )
    select account.*, claimed.request_id, claimed.type, claimed.data, claimed.event_id, claimed.event_time,
        claimed.workspace_id as asked_workspace_id, claimed.traceparent, claimed.has_intent, claimed.lease_token,
        claimed.age_seconds
    from claimed join account on account.id = claimed.account_id
"""
INTEND = """
    update account_command set has_intent = true where request_id = $1 and lease_token = $2 returning true
"""
POSTPONE = """
    update account_command
    set lease_token = null, leased_until = null, due_at = now() + make_interval(secs => $3), has_intent = $4
    where request_id = $1 and lease_token = $2 returning true
"""
FORGET_INTENT = "update account_command set has_intent = false where request_id = $1"
CLOSE = "delete from account_command where request_id = $1 and lease_token = $2 returning true"
LOCK = "select * from account where id = $1 for no key update"
WRITE = """
    update account set
        display_name = $2, signature = $3, suspended = $4, quota_bytes = $5, send_scope = $6, metadata = $7,
        credential_ref = $8, credentials = $9, aliases = $10, primary_alias = $11,
        version = $12, last_event_id = $13, last_event_time = $14, updated_at = $15
    where id = $1
"""
REVOKED = "update account set revoked_credentials = revoked_credentials || $2::uuid where id = $1"


class CommandStore(LeasedRows):
    """The commands of this service."""

    TABLE = "account_command"

    def __init__(
        self,
        pool: Pool,
        recorder: Recorder,
        vault: Vault,
        *,
        lease_seconds: float,
        sweep_after_seconds: float,
    ) -> None:
        super().__init__(pool, lease_seconds=lease_seconds)
        self._recorder = recorder
        self._vault = vault
        self._sweep_seconds = sweep_after_seconds

    async def claim(self, limit: int) -> list[Command]:
        """Lease up to `limit` due commands, the first of each account only."""
        tokens = [self._recorder.ids.new() for _ in range(limit)]
        rows = await self._pool.fetch(CLAIM, tokens, self._lease_seconds)
        return [_command(row) for row in rows]

    async def intend(self, command: Command, made: Made | None) -> Refusal | None:
        """State that the call is going to be made, with what it makes; or say why it cannot be.

        Raises:
            LeaseLost: The command is in other hands.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            _require(await connection.fetchval(INTEND, command.request_id, command.token))
            refusal = None if made is None else await expect(connection, command, made, self._sweep_seconds)
            if refusal is not None:
                await connection.execute(FORGET_INTENT, command.request_id)
        return refusal

    async def postpone(self, command: Command, wait_seconds: float, *, has_intent: bool) -> None:
        """Try again later; `has_intent` if a call may have been made whose outcome nobody knows.

        Raises:
            LeaseLost: The command is in other hands.
        """
        _require(
            await self._pool.fetchval(POSTPONE, command.request_id, command.token, wait_seconds, has_intent)
        )

    async def refuse(
        self, command: Command, refusal: Refusal, outcome: Outcome, *, is_doubtful: bool = False
    ) -> None:
        """End a command that changed nothing; `is_doubtful` if a call of it may land all the same.

        Raises:
            LeaseLost: The command is in other hands.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            _require(await connection.fetchval(CLOSE, command.request_id, command.token))
            await (doubt if is_doubtful else forget)(connection, command)
            await self._answer(connection, command, outcome, refusal=refusal)

    async def leave(self, command: Command, change: Change) -> None:
        """End a command whose wish is in force already: nothing is told but the answer.

        Raises:
            LeaseLost: The command is in other hands.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            _require(await connection.fetchval(CLOSE, command.request_id, command.token))
            await self._answer(
                connection,
                command,
                Outcome.DONE,
                version=command.version,
                details=dict(change.details),
            )

    async def conclude(self, command: Command, change: Change) -> None:
        """Write what a command came to, tell it and answer; an account that is going away is not changed any more.

        Raises:
            LeaseLost: The command is in other hands.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(LOCK, command.request.subject)
            _require(await connection.fetchval(CLOSE, command.request_id, command.token))
            if row is None or row["status"] != AccountStatus.PROVISIONED.value:
                status = AccountStatus.DELETED.value if row is None else row["status"]
                await orphan(connection, command)
                await self._answer(connection, command, Outcome.REFUSED, refusal=wrong_state(status))
            else:
                version = await self._write(connection, command, change, row)
                await keep(connection, command, change.kept_id)
                await self._answer(
                    connection, command, Outcome.DONE, version=version, details=dict(change.details)
                )
            failpoint("provisioner.command.before_commit")
        failpoint("provisioner.command.after_commit")

    async def _write(
        self, connection: Connection, command: Command, change: Change, row: asyncpg.Record
    ) -> int:
        at = event_time(self._recorder.clock.now(), command.request.time, row["last_event_time"])
        account = account_of(row).model_copy(update={**change.fields, "updated_at": at})
        event = self._recorder.event(
            change.fact(account=account),
            subject=account.account_id,
            tenant_id=account.tenant_id,
            workspace_id=account.workspace_id,
            sequence=row["version"] + 1,
            cause=command.request,
            after=row["last_event_time"],
        )
        await connection.execute(WRITE, *_account_row(account, event))
        if change.secret is not None:
            name, secret = change.secret
            await self._vault.put(
                connection, id=name, tenant_id=account.tenant_id, kind=INBOX_CREDENTIAL, secret=secret
            )
        had = {credential.id for credential in account_of(row).credentials}
        for name in had - {credential.id for credential in account.credentials}:
            await self._vault.forget(connection, id=name)
            await connection.execute(REVOKED, account.account_id, name)
        for address in set(account_of(row).aliases) - set(account.aliases):
            await burn(connection, address, account.account_id, "removed")
        await append(connection, event)
        return int(row["version"]) + 1

    async def _answer(
        self,
        connection: Connection,
        command: Command,
        outcome: Outcome,
        *,
        version: int | None = None,
        refusal: Refusal | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        data = AccountRequestAnswered(
            request_id=command.request_id,
            outcome=outcome,
            subject_id=command.request.subject,
            code=refusal.code if refusal else None,
            message=refusal.message if refusal else None,
            details=refusal.details if refusal else details or {},
            needs={} if version is None else {"account": version},
        )
        await answers.answer(connection, self._recorder, command.request, data)


def wrong_state(status: str) -> Refusal:
    """Say that an account in this state cannot be changed."""
    return Refusal("wrong_state", f"An account can be changed once it is provisioned; it is {status}.", {})


def _require(held: object) -> None:
    if not held:
        raise LeaseLost("The command is in other hands.")


def _command(row: asyncpg.Record) -> Command:
    request = Recorded(
        id=row["event_id"],
        subject=row["id"],
        time=row["event_time"],
        tenant_id=row["tenant_id"],
        workspace_id=row["asked_workspace_id"],
        data=EVENT_TYPES[row["type"]].model_validate(row["data"]),
        request_id=row["request_id"],
        traceparent=row["traceparent"],
    )
    return Command(
        request=request,
        account=account_of(row),
        version=row["version"],
        token=row["lease_token"],
        has_intent=row["has_intent"],
        age_seconds=row["age_seconds"],
        revoked=frozenset(row["revoked_credentials"]),
    )


def _account_row(account: AccountState, event: Recorded) -> tuple[Any, ...]:
    return (
        account.account_id, account.display_name, account.signature, account.suspended, account.quota_bytes,
        account.send_scope.model_dump(mode="json"), account.metadata, account.credential_ref,
        [credential.model_dump(mode="json") for credential in account.credentials], list(account.aliases),
        account.primary_alias, event.sequence, event.id, event.time, account.updated_at,
    )  # fmt: skip
