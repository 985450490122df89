"""How facts become rows and public words: every line of the status table, and folds in any order."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.projection import (
    AccountRow,
    DomainRow,
    account_view,
    fold_account,
    fold_domain,
    is_reached,
)
from shared.contracts.accounts import AccountStatus, Plan, Step
from shared.contracts.answers import AccountRequestAnswered, DomainRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.standing import public_status
from shared.contracts.warmups import WarmupStatus
from shared.db.cas import WriteOutcome
from tests.support.gateway_events import (
    TENANT,
    WORKSPACE,
    account_answer,
    account_fact,
    account_state,
    domain_fact,
    warmup_fact,
    warmup_state,
)

ACCOUNT = UUID(int=1)
EMPTY = AccountRow(ACCOUNT, TENANT, WORKSPACE)


@pytest.mark.parametrize(
    ("account", "warmup", "status", "warmup_status"),
    [
        ("reserved", None, "provisioning", "not_started"),
        ("reserved", "warming", "provisioning", "not_started"),
        ("provisioned", None, "provisioning", "not_started"),
        ("provisioned", "starting", "provisioning", "not_started"),
        ("provisioned", "not_started", "pending", "not_started"),
        ("provisioned", "warming", "warming", "warming"),
        ("provisioned", "graduated", "active", "active"),
        ("provisioned", "paused", "paused", "paused"),
        ("provisioned", "disabled", "active", "disabled"),
        ("provisioned", "banned", "error", "banned"),
        ("provisioned", "suspended", "error", "suspended"),
        ("provisioned", "ended", "deleting", "disabled"),
        ("failed", None, "failed", "not_started"),
        ("deleting", "warming", "deleting", "warming"),
        ("deleting", "ended", "deleting", "disabled"),
        ("deleted", "ended", "deleted", "disabled"),
    ],
)
@pytest.mark.contract("S0-48", "S0-49", "S0-50", "S1-19")
def test_the_public_status_follows_both_states(
    account: str, warmup: str | None, status: str, warmup_status: str
) -> None:
    state = account_state(ACCOUNT, AccountStatus(account))

    told = public_status(state, warmup_state(ACCOUNT, WarmupStatus(warmup)) if warmup else None)

    assert told == (status, warmup_status)


def test_every_pair_of_states_has_a_public_status() -> None:
    for account in AccountStatus:
        for warmup in (None, *WarmupStatus):
            state = warmup_state(ACCOUNT, warmup) if warmup else None
            assert public_status(account_state(ACCOUNT, account), state)


def test_an_account_without_warmup_is_active_once_provisioned() -> None:
    plan = Plan(steps=(Step.INBOX, Step.CREDENTIALS))

    reserved = public_status(account_state(ACCOUNT, plan=plan), None)
    provisioned = public_status(account_state(ACCOUNT, AccountStatus.PROVISIONED, plan=plan), None)

    assert reserved == ("provisioning", "disabled")
    assert provisioned == ("active", "disabled")


FACTS = (
    *(account_fact(ACCOUNT, version) for version in range(1, 5)),
    account_fact(ACCOUNT, 5, AccountStatus.PROVISIONED),
    account_fact(ACCOUNT, 6, AccountStatus.DELETED),
    *(warmup_fact(ACCOUNT, version) for version in range(1, 4)),
)


def fold(events: list[Recorded]) -> list[AccountRow]:
    rows = [EMPTY]
    for event in events:
        rows.append(fold_account(rows[-1], event)[0])
    return rows


@given(st.permutations(FACTS), st.lists(st.sampled_from(FACTS)))
@pytest.mark.promise("R08", "R09")
def test_facts_in_any_order_with_duplicates_lead_to_the_same_row(
    order: list[Recorded], again: list[Recorded]
) -> None:
    rows = fold([*order, *again])

    assert rows[-1] == fold(list(FACTS))[-1]
    assert rows[-1].is_deleted
    for earlier, later in pairwise(rows):
        assert earlier.account_version <= later.account_version
        assert earlier.warmup_version <= later.warmup_version


@pytest.mark.promise("R09")
def test_outcomes_tell_new_versions_duplicates_and_gaps_apart() -> None:
    first, outcome = fold_account(EMPTY, account_fact(ACCOUNT, 1))
    assert outcome is WriteOutcome.APPLIED

    assert fold_account(first, account_fact(ACCOUNT, 1)) == (first, WriteOutcome.DUPLICATE)

    third, outcome = fold_account(first, account_fact(ACCOUNT, 3))
    assert (third.account_version, outcome) == (3, WriteOutcome.GAP)
    assert fold_account(third, account_fact(ACCOUNT, 2)) == (third, WriteOutcome.DUPLICATE)


def test_a_warmup_that_arrives_first_stays_unseen_until_its_account_does() -> None:
    partial, _ = fold_account(EMPTY, warmup_fact(ACCOUNT, 1))
    assert account_view(partial, None) is None
    assert partial.status is None
    assert partial.warmup_status is None
    assert partial.updated_at is None

    whole, _ = fold_account(partial, account_fact(ACCOUNT, 1, AccountStatus.PROVISIONED))
    view = account_view(whole, None)
    assert view is not None
    assert (view.status, view.account_version, view.warmup_version) == ("warming", 1, 1)


@pytest.mark.contract("S1-22")
def test_a_change_of_the_warmup_changes_when_the_account_was_updated() -> None:
    row = fold([account_fact(ACCOUNT, 1, AccountStatus.PROVISIONED), warmup_fact(ACCOUNT, 1)])[-1]

    assert row.account is not None
    assert row.updated_at is not None
    assert row.updated_at > row.account.updated_at


def test_a_domain_is_folded_by_its_version() -> None:
    empty = DomainRow(UUID(int=2), TENANT, None)

    second, outcome = fold_domain(empty, domain_fact(empty.id, 2))

    assert (second.version, second.workspace_id, outcome) == (2, WORKSPACE, WriteOutcome.GAP)
    assert fold_domain(second, domain_fact(empty.id, 1)) == (second, WriteOutcome.DUPLICATE)


def test_what_is_no_fact_is_not_folded() -> None:
    answer = account_answer(UUID(int=9), ACCOUNT, {})
    with pytest.raises(TypeError):
        fold_account(EMPTY, answer)
    with pytest.raises(TypeError):
        fold_domain(DomainRow(ACCOUNT, TENANT, None), answer)


@pytest.mark.parametrize(
    ("needs", "reached"),
    [
        ({}, True),
        ({"account": 1}, True),
        ({"account": 1, "warmup": 1}, True),
        ({"account": 2, "warmup": 1}, False),
        ({"account": 1, "warmup": 2}, False),
        ({"domain": 1}, False),
    ],
)
def test_an_answer_waits_for_the_versions_it_needs(needs: dict[str, int], reached: bool) -> None:
    row = fold([account_fact(ACCOUNT, 1), warmup_fact(ACCOUNT, 1)])[-1]
    answer = AccountRequestAnswered(
        request_id=UUID(int=9), outcome=Outcome.DONE, subject_id=ACCOUNT, needs=needs
    )

    assert is_reached(answer, row) is reached


def test_an_answer_about_something_unknown_is_ready_only_if_it_needs_nothing() -> None:
    answer = DomainRequestAnswered(request_id=UUID(int=9), outcome=Outcome.REFUSED, subject_id=ACCOUNT)

    assert is_reached(answer, None)
    assert not is_reached(answer.model_copy(update={"needs": {"domain": 1}}), None)
    assert is_reached(
        answer.model_copy(update={"needs": {"domain": 1}}), DomainRow(ACCOUNT, TENANT, None, None, 1)
    )
