"""How sagas lie in Postgres: rows read into what the domain decides on, decisions laid out as columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.provisioner.domain.sagas import Change, Direction, Saga, StepOutcome, StepRecord
from shared.contracts.accounts import AccountState, AccountStatus, Failure, Naming, Plan, Step
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.db.columns import as_columns
from shared.db.pool import Connection

LOAD = """
    select account.*, saga.direction, saga.epoch, saga.revision, saga.lease_token, saga.attempts,
        saga.request_id, saga.traceparent, saga.naming, saga.asked_name,
        extract(epoch from now() - saga.started_at)::float8 as age_seconds
    from saga join account on account.id = saga.account_id where saga.account_id = any($1)
"""
STEPS = "select * from saga_step where account_id = any($1)"

WRITE_STEPS = """
    insert into saga_step (account_id, step, intent_at, outcome, is_doubtful, reference, undone_at)
    select account_id, step, case when has_intent then now() end, outcome, is_doubtful, reference,
        case when outcome = 'undone' then now() end
    from unnest($1::uuid[], $2::text[], $3::bool[], $4::text[], $5::bool[], $6::jsonb[])
        as w (account_id, step, has_intent, outcome, is_doubtful, reference)
    on conflict (account_id, step) do update set
        intent_at = case when excluded.intent_at is null then null
            else coalesce(saga_step.intent_at, excluded.intent_at) end,
        outcome = excluded.outcome, is_doubtful = excluded.is_doubtful, reference = excluded.reference,
        undone_at = excluded.undone_at
"""
WRITE_ACCOUNTS = """
    update account set
        address = w.address, username = w.username, status = w.status, inbox_id = w.inbox_id, sender_id = w.sender_id, account_tag_id = w.account_tag_id,
        warmup_tag_id = w.warmup_tag_id, credential_ref = w.credential_ref, credentials = w.credentials::jsonb,
        failure_code = w.failure_code, failure_message = w.failure_message, version = w.version, last_event_id = w.last_event_id,
        last_event_time = w.last_event_time, updated_at = w.updated_at
    from unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[],
        $9::text[], $10::text[], $11::bigint[], $12::uuid[], $13::timestamptz[], $14::timestamptz[], $15::text[],
        $16::text[]
    ) as w (
        id, status, inbox_id, sender_id, account_tag_id, warmup_tag_id, credential_ref, credentials, failure_code,
        failure_message, version, last_event_id, last_event_time, updated_at, address, username
    )
    where account.id = w.id
"""


@dataclass(frozen=True, slots=True)
class SagaWrite:
    """One decision to write: under which lease and epoch it was made, what it comes to, and its events."""

    before: Saga
    change: Change
    events: tuple[Recorded, ...]
    secret: str | None = field(default=None, repr=False)


async def load(connection: Connection, account_ids: Sequence[UUID]) -> list[Saga]:
    """Load sagas with their accounts and steps; an intent without outcome is read as unknown."""
    records: dict[UUID, dict[Step, StepRecord]] = {}
    for row in await connection.fetch(STEPS, account_ids):
        record = _record(row)
        records.setdefault(row["account_id"], {})[record.step] = record
    return [_saga(row, records.get(row["id"], {})) for row in await connection.fetch(LOAD, account_ids)]


def _record(row: asyncpg.Record) -> StepRecord:
    outcome = None if row["outcome"] is None else StepOutcome(row["outcome"])
    is_interrupted = outcome is None and row["intent_at"] is not None
    return StepRecord(
        step=Step(row["step"]),
        has_intent=row["intent_at"] is not None,
        outcome=StepOutcome.UNKNOWN if is_interrupted else outcome,
        is_doubtful=row["is_doubtful"] or is_interrupted,
        reference=row["reference"] or {},
    )


def _saga(row: asyncpg.Record, steps: dict[Step, StepRecord]) -> Saga:
    return Saga(
        account=account_of(row),
        version=row["version"],
        last_event_id=row["last_event_id"],
        last_event_time=row["last_event_time"],
        direction=Direction(row["direction"]),
        epoch=row["epoch"],
        revision=row["revision"],
        token=row["lease_token"],
        attempts=row["attempts"],
        request_id=row["request_id"],
        traceparent=row["traceparent"],
        age_seconds=row["age_seconds"],
        steps=steps,
        naming=Naming(row["naming"]),
        asked_name=row["asked_name"],
    )


def account_of(row: asyncpg.Record) -> AccountState:
    """Return the public state that a row of `account` holds."""
    fields: dict[str, Any] = {name: row[name] for name in AccountState.model_fields if name in row}
    code = row["failure_code"]
    failure = None if code is None else Failure(code=code, message=row["failure_message"])
    return AccountState(
        **{
            **fields,
            "account_id": row["id"],
            "dialect": Dialect(row["dialect"]),
            "plan": Plan.model_validate(row["plan"]),
            "status": AccountStatus(row["status"]),
            "failure": failure,
        }
    )


def saga_row(one: SagaWrite) -> tuple[Any, ...]:
    """The saga after a decision, and what the decision was made under."""
    before, change = one.before, one.change
    keeps_lease = change.wait_seconds is None and not change.is_finished
    return (
        before.account.account_id, before.token, before.epoch, before.revision,
        change.saga.direction.value, change.saga.epoch, change.saga.attempts, change.error_code, change.wait_seconds, change.has_turned, change.is_finished, keeps_lease,
    )  # fmt: skip


async def write_states(connection: Connection, group: Sequence[SagaWrite]) -> None:
    """Write the steps and accounts of a group; whether their sagas may be written is decided before."""
    steps = [_step_row(one, record) for one in group for record in one.change.steps]
    if steps:
        await connection.execute(WRITE_STEPS, *as_columns(steps))
    changed = [one for one in group if one.events]
    if changed:
        await connection.execute(WRITE_ACCOUNTS, *as_columns([_account_row(one) for one in changed]))


def _step_row(one: SagaWrite, record: StepRecord) -> tuple[Any, ...]:
    """One step after a decision."""
    outcome = None if record.outcome is None else record.outcome.value
    return (
        one.before.account.account_id, record.step.value, record.has_intent, outcome, record.is_doubtful,
        dict(record.reference),
    )  # fmt: skip


def _account_row(one: SagaWrite) -> tuple[Any, ...]:
    """The account after a decision."""
    saga = one.change.saga
    account, failure = saga.account, saga.account.failure
    return (
        account.account_id, account.status.value, account.inbox_id, account.sender_id, account.account_tag_id,
        account.warmup_tag_id, account.credential_ref,
        json.dumps([credential.model_dump(mode="json") for credential in account.credentials]), failure.code if failure else None,
        failure.message if failure else None, saga.version, saga.last_event_id, saga.last_event_time, account.updated_at,
        account.address, account.username,
    )  # fmt: skip


def secrets_of(account: AccountState) -> set[UUID]:
    """Return the names in the vault of every secret the account has there."""
    own = set() if account.credential_ref is None else {account.credential_ref}
    return own | {credential.id for credential in account.credentials}
