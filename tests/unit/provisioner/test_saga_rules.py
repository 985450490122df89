"""Sagas: what follows from each outcome, as pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from services.provisioner.backoff import CAP_SECONDS, backoff_seconds
from services.provisioner.domain import saga_back, saga_forward
from services.provisioner.domain.sagas import (
    AddressFate,
    Change,
    Direction,
    Saga,
    StepOutcome,
    StepRecord,
)
from shared.contracts.accounts import AccountState, AccountStatus, Failure, Naming, Plan, Step
from shared.contracts.answers import Outcome
from shared.contracts.requests import Dialect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = (Step.INBOX, Step.CREDENTIALS, Step.SENDER, Step.TAGS)
NO = Failure(code="provider_refused", message="No.")
DONE, UNKNOWN = StepOutcome.DONE, StepOutcome.UNKNOWN


def saga(*records: StepRecord, plan: Plan | None = None, **more: object) -> Saga:
    account = AccountState(
        account_id=UUID(int=1),
        tenant_id=UUID(int=2),
        workspace_id=UUID(int=3),
        user_id=UUID(int=4),
        dialect=Dialect.PUFFLE,
        plan=plan or Plan(steps=ALL, warmup=True),
        status=AccountStatus.RESERVED,
        address="ada@acme.example",
        username="ada",
        domain_id=UUID(int=5),
        domain="acme.example",
        created_at=NOW,
        updated_at=NOW,
    )
    fields: dict[str, object] = {
        "account": account,
        "version": 1,
        "last_event_id": UUID(int=6),
        "last_event_time": NOW,
        "direction": Direction.FORWARD,
        "epoch": 1,
        "revision": 1,
        "token": UUID(int=7),
        "attempts": 3,
        "request_id": UUID(int=8),
        "traceparent": None,
        "age_seconds": 0.0,
        "steps": {record.step: record for record in records},
        **more,
    }
    return Saga(**fields)  # type: ignore[arg-type]


def done(step: Step, *, is_doubtful: bool = False) -> StepRecord:
    return StepRecord(step, True, DONE, is_doubtful)


def intent(step: Step) -> StepRecord:
    return StepRecord(step, True)


def facts(change: Change) -> list[str]:
    return [type(fact).__name__ for fact in change.facts]


def test_the_way_leads_through_the_first_open_step_and_back_through_the_last_effect() -> None:
    half = saga(done(Step.INBOX), done(Step.CREDENTIALS), StepRecord(Step.SENDER, True, UNKNOWN))

    assert saga_forward.open_step(half) is Step.SENDER
    assert saga_back.step_to_undo(half) is Step.SENDER
    assert saga_forward.open_step(saga()) is Step.INBOX
    assert saga_back.step_to_undo(saga()) is None


def test_an_outcome_and_the_next_intent_are_one_write() -> None:
    change = saga_forward.succeed(saga(intent(Step.INBOX)), Step.INBOX, {"inbox_id": "x"}, {}, NOW)

    assert change.steps == (done(Step.INBOX), intent(Step.CREDENTIALS))
    assert facts(change) == ["InboxCreated"]
    assert change.saga.account.inbox_id == "x"
    assert (change.saga.attempts, change.is_finished, change.wait_seconds) == (0, False, None)


def test_the_last_outcome_finishes_the_saga() -> None:
    last = saga(*(done(step) for step in ALL[:3]), intent(Step.TAGS))

    change = saga_forward.succeed(last, Step.TAGS, {}, {}, NOW)

    assert facts(change) == ["TagsAssigned", "AccountProvisioned"]
    assert change.is_finished
    assert change.answer is None
    assert change.saga.account.status is AccountStatus.PROVISIONED


def test_without_warmup_the_end_is_the_answer() -> None:
    last = saga(intent(Step.INBOX), plan=Plan(steps=(Step.INBOX,)))

    change = saga_forward.succeed(last, Step.INBOX, {}, {}, NOW)

    assert change.answer is not None
    assert (change.answer.outcome, change.answer.needs) == (Outcome.DONE, {"account": 3})


@pytest.mark.contract("S0-34")
def test_a_refusal_turns_the_saga_under_a_new_epoch() -> None:
    change = saga_forward.refuse(saga(done(Step.INBOX), intent(Step.CREDENTIALS)), Step.CREDENTIALS, NO, NOW)

    assert (change.saga.direction, change.saga.epoch, change.has_turned) == (Direction.UNDO, 2, True)
    assert facts(change) == ["AccountProvisioningFailed"]
    assert change.answer is not None
    assert (change.answer.outcome, change.answer.code, change.answer.needs) == (
        Outcome.FAILED,
        "provider_refused",
        {"account": 2},
    )
    assert saga_back.step_to_undo(change.saga) is Step.INBOX


def test_a_refusal_before_any_effect_is_undone_at_once_and_frees_the_address() -> None:
    change = saga_forward.refuse(saga(intent(Step.INBOX)), Step.INBOX, NO, NOW)

    assert facts(change) == ["AccountProvisioningFailed", "AccountUndone"]
    assert (change.is_finished, change.address, change.sweeps) == (True, AddressFate.RELEASED, ())


@pytest.mark.parametrize(
    ("record", "step"),
    [(StepRecord(Step.INBOX, True, UNKNOWN, is_doubtful=True), Step.INBOX), (intent(Step.TAGS), Step.TAGS)],
)
def test_a_refused_step_that_may_have_left_something_is_undone_too(record: StepRecord, step: Step) -> None:
    before = [done(each) for each in ALL[: ALL.index(step)]]

    change = saga_forward.refuse(saga(*before, record), step, NO, NOW)

    assert not change.is_finished
    assert saga_back.step_to_undo(change.saga) is step


@pytest.mark.contract("S0-38")
def test_the_end_of_undoing_burns_the_address_and_watches_for_what_lands_late() -> None:
    back = saga(done(Step.INBOX, is_doubtful=True), direction=Direction.UNDO)

    change = saga_back.undone(back, Step.INBOX, NOW)

    assert facts(change) == ["AccountUndone"]
    assert (change.is_finished, change.address, change.sweeps) == (True, AddressFate.BURNED, (Step.INBOX,))


def test_undoing_goes_on_to_the_step_before() -> None:
    change = saga_back.undone(
        saga(done(Step.INBOX), done(Step.CREDENTIALS), direction=Direction.UNDO), Step.CREDENTIALS, NOW
    )

    assert not change.is_finished
    assert saga_back.step_to_undo(change.saga) is Step.INBOX


def test_a_call_that_did_nothing_takes_its_intent_back_unless_an_earlier_one_is_in_doubt() -> None:
    certain = saga_forward.postpone(saga(intent(Step.INBOX)), Step.INBOX, 1.0, "x", counts=True)
    doubtful = StepRecord(Step.INBOX, True, UNKNOWN, is_doubtful=True)
    unsure = saga_forward.postpone(saga(doubtful), Step.INBOX, 1.0, "x", counts=False)

    assert certain.steps == (StepRecord(Step.INBOX),)
    assert certain.saga.attempts == 4
    assert unsure.steps == (doubtful,)
    assert unsure.saga.attempts == 3


def test_a_soft_step_is_left_out_and_watched_if_it_may_have_happened() -> None:
    plan = Plan(steps=(Step.INBOX, Step.CREDENTIALS), soft_steps=(Step.CREDENTIALS,))
    doubtful = StepRecord(Step.CREDENTIALS, True, UNKNOWN, is_doubtful=True)

    change = saga_forward.refuse(saga(done(Step.INBOX), doubtful, plan=plan), Step.CREDENTIALS, NO, NOW)

    assert facts(change) == ["AccountProvisioned"]
    assert change.sweeps == (Step.CREDENTIALS,)


def test_only_a_saga_that_cannot_have_an_inbox_may_end_for_other_reasons_than_a_refusal() -> None:
    assert saga_forward.can_end(saga(intent(Step.INBOX)), Step.INBOX)
    assert not saga_forward.can_end(saga(StepRecord(Step.INBOX, True, UNKNOWN, is_doubtful=True)), Step.INBOX)
    assert not saga_forward.can_end(saga(done(Step.INBOX), intent(Step.SENDER)), Step.SENDER)


def test_waits_grow_to_a_cap() -> None:
    random = Random(1)
    waits = [[backoff_seconds(attempts, random) for _ in range(200)] for attempts in (0, 3, 50)]

    assert max(waits[0]) <= 0.5
    assert 2.0 < max(waits[1]) <= 4.0
    assert CAP_SECONDS / 2 < max(waits[2]) <= CAP_SECONDS


# --- names that are taken at the provider ---------------------------------------------------------------------


def named(asked: str, name: str, naming: Naming = Naming.OWN_OR_SUFFIXED, *records: StepRecord) -> Saga:
    begun = saga(*(records or (intent(Step.INBOX),)), naming=naming, asked_name=asked)
    account = begun.account.model_copy(update={"username": name, "address": f"{name}@acme.example"})
    return replace(begun, account=account)


@pytest.mark.contract("S2-19", "S2-23")
def test_only_an_account_that_may_be_renamed_has_names_left() -> None:
    assert saga_forward.names_left(named("ada", "ada1"))[0] == "ada2"
    assert saga_forward.names_left(named("ada", "ada", Naming.OWN_OR_EXACT)) == []
    assert saga_forward.names_left(saga(intent(Step.INBOX))) == []


@pytest.mark.contract("S2-19")
def test_an_account_goes_on_with_the_next_name_and_frees_the_one_it_left() -> None:
    change = saga_forward.move_on(named("ada", "ada"), "ada1", NOW)

    assert facts(change) == ["AccountReserved"]
    assert (change.saga.account.address, change.saga.account.username) == ("ada1@acme.example", "ada1")
    assert change.steps == (intent(Step.INBOX),)
    assert (change.left, change.answer, change.is_finished) == (AddressFate.RELEASED, None, False)


def test_a_name_at_which_a_call_may_still_land_is_burned_when_it_is_left() -> None:
    doubtful = StepRecord(Step.INBOX, True, UNKNOWN, is_doubtful=True)

    change = saga_forward.move_on(named("ada", "ada", Naming.OWN_OR_SUFFIXED, doubtful), "ada1", NOW)

    assert change.left is AddressFate.BURNED
    assert change.steps == (intent(Step.INBOX),)


@pytest.mark.contract("A33", "A37")
def test_without_a_name_left_the_account_fails_and_the_asked_address_is_told() -> None:
    change = saga_forward.no_name_left(named("ada", "ada99"), NOW)

    assert facts(change) == ["AccountProvisioningFailed", "AccountUndone"]
    assert change.answer is not None
    assert (change.answer.outcome, change.answer.code) == (Outcome.FAILED, "username_taken")
    assert change.answer.details == {"address": "ada@acme.example"}
