"""How sagas lie in Postgres: rows read into what the domain decides on, decisions laid out as columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.provisioner.domain.sagas import Change, Direction, Saga, StepOutcome, StepRecord
from shared.contracts.accounts import AccountState, AccountStatus, Failure, Plan, Step
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.db.pool import Connection

LOAD = """
    select account.*, saga.direction, saga.epoch, saga.revision, saga.lease_token, saga.attempts,
        saga.request_id, saga.traceparent,
        extract(epoch from now() - saga.started_at)::float8 as age_seconds
    from saga join account on account.id = saga.account_id where saga.account_id = any($1)
"""
STEPS = "select * from saga_step where account_id = any($1)"


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
        account=_account(row),
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
    )


def _account(row: asyncpg.Record) -> AccountState:
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


def step_row(one: SagaWrite, record: StepRecord) -> tuple[Any, ...]:
    """One step after a decision."""
    outcome = None if record.outcome is None else record.outcome.value
    return (
        one.before.account.account_id, record.step.value, record.has_intent, outcome, record.is_doubtful,
        dict(record.reference),
    )  # fmt: skip


def account_row(one: SagaWrite) -> tuple[Any, ...]:
    """The account after a decision."""
    saga = one.change.saga
    account, failure = saga.account, saga.account.failure
    return (
        account.account_id, account.status.value, account.inbox_id, account.sender_id, account.account_tag_id,
        account.warmup_tag_id, account.credential_ref,
        json.dumps([credential.model_dump(mode="json") for credential in account.credentials]), failure.code if failure else None,
        failure.message if failure else None, saga.version, saga.last_event_id, saga.last_event_time, account.updated_at,
    )  # fmt: skip


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Turn rows into one list per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]
