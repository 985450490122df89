"""A saga on its way back, because a provider refused or nobody wants the account any more. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.provisioner.domain.sagas import (
    AddressFate,
    Change,
    Direction,
    Saga,
    StepOutcome,
    answer_of,
    waiting,
    with_steps,
)
from shared.contracts import accounts as facts_of
from shared.contracts.accounts import AccountFact, AccountStatus, Failure, Step
from shared.contracts.answers import Outcome

NOTHING_AT_PROVIDERS: dict[str, Any] = {
    **dict.fromkeys(
        ("inbox_id", "sender_id", "account_tag_id", "warmup_tag_id", "credential_ref", "primary_alias")
    ),
    "credentials": (),
    "aliases": (),
}
DELETED_MEANWHILE = Failure(code="account_deleted", message="The account was deleted before it was ready.")


def step_to_undo(saga: Saga) -> Step | None:
    """Return the step to undo next: the latest that is done or may be, whether the plan began with it or not."""
    return next((step for step in reversed(Step) if saga.record(step).may_exist), None)


def undone(saga: Saga, step: Step, at: datetime) -> Change:
    """Record that the effect of a step is confirmed gone; after the last one the account is undone, or deleted."""
    change = with_steps(saga, replace(saga.record(step), outcome=StepOutcome.UNDONE))
    return settle(replace(change, saga=replace(change.saga, attempts=0)), at)


def begin_deletion(saga: Saga, request_id: UUID, at: datetime) -> Change:
    """Turn an account in any state towards its end; whoever still works on it can record nothing more.

    A create request that is not answered yet is answered now. A credential that was refused for good is looked for
    all the same: further ones may have been minted since.
    """
    account = saga.account.model_copy(update={"status": AccountStatus.DELETING, "updated_at": at})
    is_open = saga.account.status is AccountStatus.RESERVED
    turned = replace(
        saga,
        account=account,
        direction=Direction.DELETE,
        epoch=saga.epoch + 1,
        attempts=0,
        request_id=request_id,
    )
    key = saga.record(Step.CREDENTIALS)
    again = (replace(key, outcome=StepOutcome.UNKNOWN),) if key.outcome is StepOutcome.REFUSED else ()
    return replace(
        with_steps(turned, *again),
        facts=(facts_of.AccountDeleting(account=account),),
        answer=answer_of(saga, Outcome.REFUSED, saga.version + 1, DELETED_MEANWHILE) if is_open else None,
        has_turned=True,
    )


def nothing_left(saga: Saga, at: datetime) -> Change:
    """End a saga that has nothing to undo."""
    return _finish(Change(saga), at)


def postpone_undo(saga: Saga, wait_seconds: float, error_code: str) -> Change:
    """Try again later to undo; there is no limit to that."""
    return waiting(Change(saga), wait_seconds, error_code, counts=True)


def settle(change: Change, at: datetime) -> Change:
    """Return the change of a saga that goes back, with its end if nothing is left to undo."""
    return change if step_to_undo(change.saga) is not None else _finish(change, at)


def _finish(change: Change, at: datetime) -> Change:
    """Everything is confirmed gone: the address is free again only if no inbox can ever have been at it (S0-38)."""
    saga = change.saga
    is_burned = saga.record(Step.INBOX).outcome is StepOutcome.UNDONE
    account = saga.account.model_copy(update={**NOTHING_AT_PROVIDERS, "updated_at": at})
    fact: AccountFact
    if saga.direction is Direction.DELETE:
        account = account.model_copy(update={"status": AccountStatus.DELETED})
        fact = facts_of.AccountDeleted(account=account)
    else:
        fact = facts_of.AccountUndone(account=account, is_address_burned=is_burned)
    return replace(
        change,
        saga=replace(saga, account=account),
        facts=(*change.facts, fact),
        is_finished=True,
        address=AddressFate.BURNED if is_burned else AddressFate.RELEASED,
        sweeps=tuple(step for step in Step if saga.record(step).is_doubtful),
    )
