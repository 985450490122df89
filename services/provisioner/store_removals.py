"""The way to an account's end, in the transaction of the batch that asked for it: its saga turned, and who waits for it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.provisioner.domain import saga_back
from services.provisioner.domain.sagas import Saga
from services.provisioner.domain_work import AccountsLeft
from services.provisioner.saga_rows import SagaWrite, load, write_states
from services.provisioner.store_names import answer_joined
from services.provisioner.store_requests import PostgresRequests
from shared.clock import event_time
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection
from shared.messaging import answers
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

LOCK = """
    select saga.account_id from saga join account on account.id = saga.account_id
    where account.id = $1 for no key update
"""
TURN = """
    update saga set direction = $2, epoch = $3, revision = revision + 1, attempts = 0, last_error_code = null,
        request_id = $4, traceparent = $5, turned_at = now(), finished_at = null,
        due_at = now() + make_interval(secs => $6)
    where account_id = $1
"""
"""Whoever holds the lease keeps it until its call has ended, so that the call is not undone while it is under way."""
WARMUP_OVER = """
    update saga set due_at = now()
    where account_id = $1 and direction = 'delete' and finished_at is null and attempts = 0 and due_at > now()
"""
PORTION = 200
"""How many accounts one transaction sends on their way: each costs half a dozen statements under lock."""
NEXT = """
    select id from account where domain_id = $1 and status <> 'deleted' and status <> 'deleting' order by id limit $2
"""
HAS_ACCOUNTS = "select exists (select from account where domain_id = $1 and status <> 'deleted')"
WAIT = "insert into waiting_deletion (request_id, account_id) values ($1, $2)"


async def lock(connection: Connection, account_id: UUID) -> Saga | None:
    """Return an account's saga, which nobody else can write to until the transaction ends."""
    if await connection.fetchval(LOCK, account_id) is None:
        return None
    (saga,) = await load(connection, [account_id])
    return saga


async def begin_deletion(
    connection: Connection,
    recorder: Recorder,
    saga: Saga,
    cause: Recorded,
    *,
    warmup_end_seconds: float,
) -> None:
    """Turn a locked saga towards the account's end and tell so; nothing happens if it is going there already.

    Its sender is left alone until its warmup has ended, or for `warmup_end_seconds` at most: only an account that was
    provisioned has one, and its warmup service always says when.
    """
    was = saga.account.status
    if was in {AccountStatus.DELETING, AccountStatus.DELETED}:
        return
    change = saga_back.begin_deletion(
        saga,
        cause.request_id or saga.request_id,
        event_time(recorder.clock.now(), cause.time, saga.last_event_time),
    )
    event = recorder.event(
        change.facts[0],
        subject=saga.account.account_id,
        tenant_id=saga.account.tenant_id,
        workspace_id=saga.account.workspace_id,
        sequence=saga.version + 1,
        cause=cause,
        after=saga.last_event_time,
    )
    turned = replace(
        change.saga, version=saga.version + 1, last_event_id=event.id, last_event_time=event.time
    )
    has_warmup = was is AccountStatus.PROVISIONED and saga.account.plan.warmup
    await connection.execute(
        TURN,
        saga.account.account_id,
        turned.direction.value,
        turned.epoch,
        turned.request_id,
        cause.traceparent,
        warmup_end_seconds if has_warmup else 0.0,
    )
    await write_states(connection, [SagaWrite(saga, replace(change, saga=turned), (event,))])
    await append(connection, event)
    if change.answer is not None:
        await answers.answer(connection, recorder, event, change.answer)
        await answer_joined(connection, recorder, change.answer)


async def delete_accounts(
    connection: Connection,
    recorder: Recorder,
    claim_id: UUID,
    cause: Recorded,
    *,
    warmup_end_seconds: float,
) -> AccountsLeft:
    """Begin the deletion of the next `PORTION` accounts of a domain claim, and return how far all of them are.

    It is to be repeated until none is left; an account that was reserved meanwhile is then caught as well.
    """
    rows = await connection.fetch(NEXT, claim_id, PORTION)
    for row in rows:
        saga = await lock(connection, row["id"])
        if saga is not None:
            await begin_deletion(connection, recorder, saga, cause, warmup_end_seconds=warmup_end_seconds)
    if len(rows) == PORTION:
        return AccountsLeft.UNTOLD
    return AccountsLeft.GOING if await connection.fetchval(HAS_ACCOUNTS, claim_id) else AccountsLeft.NONE


async def warmup_over(connection: Connection, account_id: UUID) -> None:
    """Let a deletion that waits for the end of the account's warmup go on."""
    await connection.execute(WARMUP_OVER, account_id)


async def answer_deletions(connection: Connection, recorder: Recorder, deleted: Recorded) -> None:
    """Answer whoever waits for this account to be gone; `deleted` is the fact that says so."""
    rows = await connection.fetch(
        "delete from waiting_deletion where account_id = $1 returning request_id", deleted.subject
    )
    for row in rows:
        data = AccountRequestAnswered(
            request_id=row["request_id"],
            outcome=Outcome.DONE,
            subject_id=deleted.subject,
            needs={"account": deleted.sequence or 0},
        )
        await answers.answer(connection, recorder, deleted, data)


class PostgresRemovals(PostgresRequests):
    """The `Removals` of one transaction."""

    def __init__(self, connection: Connection, recorder: Recorder, *, warmup_end_seconds: float) -> None:
        super().__init__(connection, recorder)
        self._warmup_end_seconds = warmup_end_seconds

    async def lock(self, account_id: UUID) -> Saga | None:
        """Return an account's saga, which nobody else can write to until the transaction ends."""
        return await lock(self._connection, account_id)

    async def delete(self, saga: Saga, request: Recorded) -> None:
        """Turn the saga towards the account's end, unless it is going there, and let the request wait for that."""
        await self._connection.execute(WAIT, request.request_id, request.subject)
        await begin_deletion(
            self._connection,
            self._recorder,
            saga,
            request,
            warmup_end_seconds=self._warmup_end_seconds,
        )
