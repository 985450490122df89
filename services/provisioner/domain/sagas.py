"""What a saga is, what is known of its steps, and what one decision changes; the decisions are in `saga_forward` and `saga_back`.

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

from shared.contracts.accounts import AccountFact, AccountState, Failure, Naming, Step
from shared.contracts.answers import AccountRequestAnswered, Outcome


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


def with_steps(saga: Saga, *records: StepRecord) -> Change:
    """Return what writes these steps of a saga."""
    steps = {**saga.steps, **{record.step: record for record in records}}
    return Change(replace(saga, steps=steps), steps=records)


def waiting(change: Change, seconds: float, error_code: str, *, counts: bool) -> Change:
    """Return the change with the saga given up until it is due again; `counts` lengthens the next wait."""
    saga = replace(change.saga, attempts=change.saga.attempts + int(counts))
    return replace(change, saga=saga, wait_seconds=seconds, error_code=error_code)


def answer_of(saga: Saga, outcome: Outcome, version: int, failure: Failure | None) -> AccountRequestAnswered:
    """Return what the request that a saga serves is answered with; `version` is the account's that shows it."""
    return AccountRequestAnswered(
        request_id=saga.request_id,
        outcome=outcome,
        subject_id=saga.account.account_id,
        code=failure.code if failure else None,
        message=failure.message if failure else None,
        needs={"account": version},
    )
