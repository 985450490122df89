"""A saga on its way forward: which step is next, and what each outcome of a step makes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.provisioner.domain.names import later_names, refuse_taken
from services.provisioner.domain.saga_back import settle
from services.provisioner.domain.sagas import (
    AddressFate,
    Change,
    Direction,
    Saga,
    StepOutcome,
    StepRecord,
    answer_of,
    waiting,
    with_steps,
)
from shared.contracts import accounts as facts_of
from shared.contracts.accounts import AccountFact, AccountState, AccountStatus, Failure, Naming, Step
from shared.contracts.answers import Outcome

COMPOUND_STEPS = frozenset({Step.TAGS})
"""Steps of several calls: part of them may have happened whatever the last call said."""

FACTS: dict[Step, type[AccountFact]] = {
    Step.INBOX: facts_of.InboxCreated,
    Step.CREDENTIALS: facts_of.CredentialsIssued,
    Step.SENDER: facts_of.SenderRegistered,
    Step.TAGS: facts_of.TagsAssigned,
}


def open_step(saga: Saga) -> Step | None:
    """Return the step the way forward leads through next."""
    return next((step for step in saga.account.plan.steps if saga.record(step).is_open), None)


def can_end(saga: Saga, step: Step) -> bool:
    """Return whether a saga whose call for this step did nothing may end without burning its address."""
    return step is Step.INBOX and not saga.record(step).is_doubtful


def begin(saga: Saga, step: Step) -> Change:
    """State the intent of a step; its call may be made once this is committed."""
    return with_steps(saga, replace(saga.record(step), has_intent=True))


def complete(saga: Saga, at: datetime) -> Change:
    """Finish a saga whose plan has no open step."""
    return _go_on(saga, (), saga.account, (), at)


def succeed(
    saga: Saga, step: Step, fields: Mapping[str, Any], reference: Mapping[str, Any], at: datetime
) -> Change:
    """Record a step as done and state the intent of the next, or finish (S0-26, S0-27, S0-29).

    Of a key that was minted twice only one is known: the other is looked for later.
    """
    record = StepRecord(step, True, StepOutcome.DONE, saga.record(step).is_doubtful, reference)
    account = saga.account.model_copy(update={**fields, "updated_at": at})
    change = _go_on(saga, (record,), account, (FACTS[step](account=account),), at)
    return replace(change, sweeps=(step,) if record.is_doubtful and step is Step.CREDENTIALS else ())


def refuse(saga: Saga, step: Step, failure: Failure, at: datetime) -> Change:
    """Take a permanent refusal: a soft step is left out, any other turns the saga back (S0-34)."""
    record = saga.record(step)
    left = record.is_doubtful or step in COMPOUND_STEPS
    if step not in saga.account.plan.soft_steps:
        return _turn(saga, replace(record, outcome=_outcome(left)), failure, at)
    change = _go_on(saga, (replace(record, outcome=StepOutcome.REFUSED),), saga.account, (), at)
    return replace(change, sweeps=(step,) if left else ())


def names_left(saga: Saga) -> list[str]:
    """Return the names an account may still be given when the provider says that its own is taken."""
    is_suffixed = saga.naming is Naming.OWN_OR_SUFFIXED and saga.asked_name is not None
    return later_names(saga.asked_name or "", saga.account.username) if is_suffixed else []


def move_on(saga: Saga, name: str, at: datetime) -> Change:
    """Leave an address that is taken at the provider for another, and state the intent of an inbox there (S2-19).

    The address left is free for whoever wants to try it, unless a call of ours for it may still land.
    """
    account = saga.account.model_copy(
        update={"username": name, "address": f"{name}@{saga.account.domain}", "updated_at": at}
    )
    is_doubtful = saga.record(Step.INBOX).is_doubtful
    return replace(
        with_steps(replace(saga, account=account, attempts=0), StepRecord(Step.INBOX, has_intent=True)),
        facts=(facts_of.AccountReserved(account=account),),
        left=AddressFate.BURNED if is_doubtful else AddressFate.RELEASED,
    )


def no_name_left(saga: Saga, at: datetime) -> Change:
    """End a saga whose every name is taken at the provider, in the words that its dialect has for that (A33)."""
    refusal = refuse_taken(f"{saga.asked_name or saga.account.username}@{saga.account.domain}")
    change = refuse(saga, Step.INBOX, Failure(code=refusal.code, message=refusal.message), at)
    answer = change.answer
    told = None if answer is None else answer.model_copy(update={"details": refusal.details})
    return replace(change, answer=told)


def give_up(saga: Saga, step: Step, failure: Failure, at: datetime) -> Change:
    """End a saga at its deadline; only where `can_end`."""
    return _turn(saga, replace(saga.record(step), has_intent=False), failure, at)


def doubt(saga: Saga, step: Step, wait_seconds: float, error_code: str) -> Change:
    """Record that nobody knows whether the step happened; it is looked up when the saga is due again."""
    record = replace(saga.record(step), outcome=StepOutcome.UNKNOWN, is_doubtful=True)
    return waiting(with_steps(saga, record), wait_seconds, error_code, counts=True)


def postpone(
    saga: Saga,
    step: Step,
    wait_seconds: float,
    error_code: str,
    *,
    counts: bool,
    reference: Mapping[str, Any] | None = None,
) -> Change:
    """Record that the last call of a step did nothing, and try again later; `counts` lengthens the next wait."""
    record = replace(saga.record(step), reference=reference or saga.record(step).reference)
    if record.is_doubtful or step in COMPOUND_STEPS:
        record = replace(record, outcome=StepOutcome.UNKNOWN)
    else:
        record = replace(record, has_intent=False)
    return waiting(with_steps(saga, record), wait_seconds, error_code, counts=counts)


def _outcome(may_be_left: bool) -> StepOutcome:
    return StepOutcome.UNKNOWN if may_be_left else StepOutcome.REFUSED


def _go_on(
    saga: Saga,
    settled: tuple[StepRecord, ...],
    account: AccountState,
    facts: tuple[AccountFact, ...],
    at: datetime,
) -> Change:
    """Go to the next step with its intent stated, or finish as provisioned; then a plan without warmup is answered."""
    change = with_steps(replace(saga, account=account, attempts=0), *settled)
    following = open_step(change.saga)
    if following is not None:
        intent = replace(change.saga.record(following), has_intent=True)
        both = with_steps(change.saga, *settled, intent)
        return replace(both, facts=facts)
    account = account.model_copy(update={"status": AccountStatus.PROVISIONED, "updated_at": at})
    facts = (*facts, facts_of.AccountProvisioned(account=account))
    answer = None if account.plan.warmup else answer_of(saga, Outcome.DONE, saga.version + len(facts), None)
    return replace(
        change, saga=replace(change.saga, account=account), facts=facts, answer=answer, is_finished=True
    )


def _turn(saga: Saga, record: StepRecord, failure: Failure, at: datetime) -> Change:
    """Turn back: the failure and the answer come now, and a worker of the old epoch can record nothing more."""
    account = saga.account.model_copy(
        update={"status": AccountStatus.FAILED, "failure": failure, "updated_at": at}
    )
    turned = replace(saga, account=account, direction=Direction.UNDO, epoch=saga.epoch + 1, attempts=0)
    change = replace(
        with_steps(turned, record),
        facts=(facts_of.AccountProvisioningFailed(account=account),),
        answer=answer_of(saga, Outcome.FAILED, saga.version + 1, failure),
        error_code=failure.code,
        has_turned=True,
    )
    return settle(change, at)
