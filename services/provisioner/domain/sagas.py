"""Every decision of a saga: what is next, and what each outcome makes of it. Pure; the runner does what is said here.

A step's intent is committed before its call. So an intent without outcome that is read back after a crash may have
happened, and is the same as an outcome that was unknown: it is looked up first, and undone like one that is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.provisioner.domain.names import later_names, refuse_taken
from shared.contracts import accounts as facts_of
from shared.contracts.accounts import AccountFact, AccountState, AccountStatus, Failure, Naming, Step
from shared.contracts.answers import AccountRequestAnswered, Outcome

COMPOUND_STEPS = frozenset({Step.TAGS})
"""Steps of several calls: part of them may have happened whatever the last call said."""

FACTS: dict[Step, type[AccountFact]] = {
    Step.INBOX: facts_of.InboxCreated,
    Step.CREDENTIALS: facts_of.CredentialsIssued,
    Step.SENDER: facts_of.SenderRegistered,
    Step.TAGS: facts_of.TagsAssigned,
}
NOTHING_AT_PROVIDERS: dict[str, Any] = {
    **dict.fromkeys(
        ("inbox_id", "sender_id", "account_tag_id", "warmup_tag_id", "credential_ref", "primary_alias")
    ),
    "credentials": (),
    "aliases": (),
}
DELETED_MEANWHILE = Failure(code="account_deleted", message="The account was deleted before it was ready.")


class Direction(StrEnum):
    """Where a saga is going."""

    FORWARD = "forward"
    UNDO = "undo"
    """Back, because a provider refused."""
    DELETE = "delete"
    """Back, because nobody wants the account any more."""


class StepOutcome(StrEnum):
    """What is known of a step's effect."""

    DONE = "done"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    UNDONE = "undone"


class AddressFate(StrEnum):
    """What becomes of the address of an account that is gone."""

    RELEASED = "released"
    BURNED = "burned"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a saga; `is_doubtful` once any of its calls had an unknown outcome, for such a call may land late."""

    step: Step
    has_intent: bool = False
    outcome: StepOutcome | None = None
    is_doubtful: bool = False
    reference: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the way forward still leads through this step."""
        return self.outcome in {None, StepOutcome.UNKNOWN}

    @property
    def may_exist(self) -> bool:
        """Whether there is, or may be, an effect to undo."""
        return self.outcome in {StepOutcome.DONE, StepOutcome.UNKNOWN} or (
            self.outcome is None and self.has_intent
        )


@dataclass(frozen=True, slots=True, eq=False)
class Saga:
    """A saga as its worker holds it under a lease; `age_seconds` is counted from its start by the database's clock.

    `revision` counts its writes: one whose commit is in doubt cannot happen a second time.
    """

    account: AccountState
    version: int
    last_event_id: UUID
    last_event_time: datetime
    direction: Direction
    epoch: int
    revision: int
    token: UUID
    attempts: int
    request_id: UUID
    traceparent: str | None
    age_seconds: float
    steps: Mapping[Step, StepRecord]
    naming: Naming = Naming.EXACT
    asked_name: str | None = None
    """The name that was asked for; the account's is that or one made of it."""

    def record(self, step: Step) -> StepRecord:
        """Return what is known of a step."""
        return self.steps.get(step, StepRecord(step))


@dataclass(frozen=True, slots=True)
class Change:
    """One atomic write: the saga as it is afterwards, and what is recorded with it.

    `wait_seconds` gives the saga up until it is due again; None keeps the lease. `facts` are in order, one version each.
    """

    saga: Saga
    steps: tuple[StepRecord, ...] = ()
    facts: tuple[AccountFact, ...] = ()
    answer: AccountRequestAnswered | None = None
    wait_seconds: float | None = None
    error_code: str | None = None
    is_finished: bool = False
    has_turned: bool = False
    address: AddressFate | None = None
    sweeps: tuple[Step, ...] = ()
    left: AddressFate | None = None
    """What becomes of the address the account had before, when it goes on with another."""


def open_step(saga: Saga) -> Step | None:
    """Return the step the way forward leads through next."""
    return next((step for step in saga.account.plan.steps if saga.record(step).is_open), None)


def step_to_undo(saga: Saga) -> Step | None:
    """Return the step to undo next: the latest that is done or may be, whether the plan began with it or not."""
    return next((step for step in reversed(Step) if saga.record(step).may_exist), None)


def can_end(saga: Saga, step: Step) -> bool:
    """Return whether a saga whose call for this step did nothing may end without burning its address."""
    return step is Step.INBOX and not saga.record(step).is_doubtful


def begin(saga: Saga, step: Step) -> Change:
    """State the intent of a step; its call may be made once this is committed."""
    return _with_steps(saga, replace(saga.record(step), has_intent=True))


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
        _with_steps(replace(saga, account=account, attempts=0), StepRecord(Step.INBOX, has_intent=True)),
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
    return _wait(_with_steps(saga, record), wait_seconds, error_code, counts=True)


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
    return _wait(_with_steps(saga, record), wait_seconds, error_code, counts=counts)


def undone(saga: Saga, step: Step, at: datetime) -> Change:
    """Record that the effect of a step is confirmed gone; after the last one the account is undone, or deleted."""
    change = _with_steps(saga, replace(saga.record(step), outcome=StepOutcome.UNDONE))
    change = replace(change, saga=replace(change.saga, attempts=0))
    return change if step_to_undo(change.saga) is not None else _finish(change, at)


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
        _with_steps(turned, *again),
        facts=(facts_of.AccountDeleting(account=account),),
        answer=_answer(saga, Outcome.REFUSED, saga.version + 1, DELETED_MEANWHILE) if is_open else None,
        has_turned=True,
    )


def nothing_left(saga: Saga, at: datetime) -> Change:
    """End a saga that has nothing to undo."""
    return _finish(Change(saga), at)


def postpone_undo(saga: Saga, wait_seconds: float, error_code: str) -> Change:
    """Try again later to undo; there is no limit to that."""
    return _wait(Change(saga), wait_seconds, error_code, counts=True)


def _outcome(may_be_left: bool) -> StepOutcome:
    return StepOutcome.UNKNOWN if may_be_left else StepOutcome.REFUSED


def _with_steps(saga: Saga, *records: StepRecord) -> Change:
    steps = {**saga.steps, **{record.step: record for record in records}}
    return Change(replace(saga, steps=steps), steps=records)


def _wait(change: Change, seconds: float, error_code: str, *, counts: bool) -> Change:
    saga = replace(change.saga, attempts=change.saga.attempts + int(counts))
    return replace(change, saga=saga, wait_seconds=seconds, error_code=error_code)


def _go_on(
    saga: Saga,
    settled: tuple[StepRecord, ...],
    account: AccountState,
    facts: tuple[AccountFact, ...],
    at: datetime,
) -> Change:
    """Go to the next step with its intent stated, or finish as provisioned; then a plan without warmup is answered."""
    change = _with_steps(replace(saga, account=account, attempts=0), *settled)
    following = open_step(change.saga)
    if following is not None:
        intent = replace(change.saga.record(following), has_intent=True)
        both = _with_steps(change.saga, *settled, intent)
        return replace(both, facts=facts)
    account = account.model_copy(update={"status": AccountStatus.PROVISIONED, "updated_at": at})
    facts = (*facts, facts_of.AccountProvisioned(account=account))
    answer = None if account.plan.warmup else _answer(saga, Outcome.DONE, saga.version + len(facts), None)
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
        _with_steps(turned, record),
        facts=(facts_of.AccountProvisioningFailed(account=account),),
        answer=_answer(saga, Outcome.FAILED, saga.version + 1, failure),
        error_code=failure.code,
        has_turned=True,
    )
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


def _answer(saga: Saga, outcome: Outcome, version: int, failure: Failure | None) -> AccountRequestAnswered:
    return AccountRequestAnswered(
        request_id=saga.request_id,
        outcome=outcome,
        subject_id=saga.account.account_id,
        code=failure.code if failure else None,
        message=failure.message if failure else None,
        needs={"account": version},
    )
