"""How Puffle shows one warmup: where it is, how far, how sure that is, and how old."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.gateway.dialects.puffle.responses_warmups import Warmup
from services.gateway.dialects.puffle.warmups import warmup_json
from services.gateway.history import summary
from services.gateway.projection import AccountRow, account_view
from services.gateway.views import AccountView
from shared.contracts.accounts import AccountStatus, Failure
from shared.contracts.warmups import (
    WarmupBanned,
    WarmupCriterion,
    WarmupDecision,
    WarmupHold,
    WarmupStatus,
    WarmupSuspended,
)
from tests.support.gateway_events import START, TENANT, WORKSPACE, account_state, warmup_state
from tests.unit.gateway.test_rendering import ACCOUNT, account

DAY = 86_400.0
DECISION = WarmupDecision(
    at=START,
    day=4,
    policy="standard",
    policy_version=2,
    judgement="continue",
    sentence="It does not meet every goal yet: messages sent 80 (at least 200).",
    criteria=(
        WarmupCriterion(name="total_sent", value=80.0, at_least=200.0, is_met=False),
        WarmupCriterion(name="bounce_rate", value=0.5, below=2.0, is_met=True),
        WarmupCriterion(name="reputation", value=None, at_least=90.0, is_met=False),
    ),
    expected_at=START + timedelta(days=6),
)


def shown(view: AccountView | None = None, *, hours: float = 1.0, **state: Any) -> dict[str, Any]:
    """Return a warmup in this state as it is shown so many hours after the start, checked against its description."""
    if view is None:
        view = replace(account(), warmup=warmup_state(UUID(int=1), **state))
    told = warmup_json(view, START + timedelta(hours=hours), DAY)
    assert set(told) == set(Warmup.model_fields)
    Warmup.model_validate(told)
    return told


@pytest.mark.contract("S0-47", "S1-32")
def test_progress_is_told_goal_by_goal_with_the_rule_it_was_judged_by() -> None:
    told = shown(decision=DECISION, day=4, is_confirmed=True, next_evaluation_at=START + timedelta(days=1))

    assert told["policy"] == {"name": "standard", "version": 2}
    assert told["progress"] == [
        {"name": "total_sent", "value": 80, "at_least": 200, "below": None, "is_met": False},
        {"name": "bounce_rate", "value": 0.5, "at_least": None, "below": 2, "is_met": True},
        {"name": "reputation", "value": None, "at_least": 90, "below": None, "is_met": False},
    ]
    assert told["last_decision"]["sentence"] == told["sentence"] == DECISION.sentence
    assert (told["day"], told["expected_at"]) == (4, "2026-03-07T00:00:00Z")
    assert told["next_evaluation_at"] == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize("status", [WarmupStatus.PAUSED, WarmupStatus.DISABLED, WarmupStatus.BANNED])
def test_no_day_is_expected_of_a_warmup_that_stands_still(status: WarmupStatus) -> None:
    assert shown(status=status, decision=DECISION, day=4)["expected_at"] is None


def test_a_day_that_is_over_is_not_expected() -> None:
    decided: dict[str, Any] = {"decision": DECISION, "day": 4, "is_confirmed": True}

    assert shown(hours=24 * 6 - 1, **decided)["expected_at"] == "2026-03-07T00:00:00Z"
    assert shown(hours=24 * 6 + 1, **decided)["expected_at"] is None


def test_a_day_that_waits_to_be_judged_is_called_overdue_and_not_the_next_one() -> None:
    due: dict[str, Any] = {"is_confirmed": True, "next_evaluation_at": START + timedelta(hours=2)}

    before, after = shown(hours=1, **due), shown(hours=3, **due)

    assert (before["next_evaluation_at"], before["overdue_since"]) == ("2026-03-01T02:00:00Z", None)
    assert (after["next_evaluation_at"], after["overdue_since"]) == (None, "2026-03-01T02:00:00Z")


@pytest.mark.contract("A22")
def test_a_start_that_is_only_accepted_looks_different_from_one_that_the_provider_shows() -> None:
    accepted, confirmed = shown(is_confirmed=False), shown(is_confirmed=True)

    assert (accepted["status"], confirmed["status"]) == ("warming", "warming")
    assert (accepted["confirmation"], confirmed["confirmation"]) == ("accepted", "confirmed")
    assert accepted["sentence"] != confirmed["sentence"]


def test_old_figures_stay_and_are_called_stale_with_their_age() -> None:
    figures: dict[str, Any] = {"observed_at": START, "total_sent": 12, "is_confirmed": True}

    fresh, stale = shown(hours=30, **figures), shown(hours=49, **figures)

    assert (fresh["figures"]["is_stale"], fresh["figures"]["age_seconds"]) == (False, 30 * 3_600)
    assert (stale["figures"]["is_stale"], stale["figures"]["age_seconds"]) == (True, 49 * 3_600)
    assert stale["figures"]["total_sent"] == 12
    assert shown()["figures"]["age_seconds"] is None


def test_health_has_its_word_and_is_unknown_without_samples() -> None:
    known = shown(recent_health=96.0, recent_health_label="excellent")

    assert known["health"] == {"percentage": 96, "label": "excellent"}
    assert shown()["health"] == {"percentage": None, "label": None}


@pytest.mark.parametrize(
    ("status", "judgement"), [(WarmupStatus.BANNED, "ban"), (WarmupStatus.SUSPENDED, "suspend")]
)
def test_what_is_shut_out_is_said_as_it_was_decided(status: WarmupStatus, judgement: str) -> None:
    why = "The warmup provider finds the sender's mail nowhere, and has stopped it."
    decided = DECISION.model_copy(update={"judgement": judgement, "sentence": why})
    state = warmup_state(UUID(int=1), status=status, decision=decided)
    fact = WarmupBanned if status is WarmupStatus.BANNED else WarmupSuspended

    assert shown(status=status, decision=decided)["sentence"] == why
    assert summary(fact.TYPE, fact(warmup=state).model_dump(mode="json")) == why
    assert shown(status=status, decision=DECISION)["sentence"] != DECISION.sentence


def test_what_stands_still_says_why() -> None:
    failure = Failure(code="provider_refused", message="The warmup provider refused to enable warmup.")
    held = shown(
        status=WarmupStatus.PAUSED, hold=WarmupHold.DOMAIN, reason="The domain is not verified any more."
    )
    paused = shown(status=WarmupStatus.PAUSED, reason="We move.")
    failed = shown(status=WarmupStatus.NOT_STARTED, failure=failure, next_attempt_at=START)

    assert held["hold"] == "domain"
    assert "held" in held["sentence"]
    assert held["reason"] in held["sentence"]
    assert (paused["hold"], paused["reason"]) == (None, "We move.")
    assert "client" in paused["sentence"]
    assert failure.message in failed["sentence"]
    assert failed["next_attempt_at"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (AccountStatus.RESERVED, "provisioning"),
        (AccountStatus.FAILED, "failed"),
        (AccountStatus.DELETING, "deleting"),
    ],
)
def test_an_account_whose_warmup_is_not_known_is_shown_too(made: AccountStatus, status: str) -> None:
    told = shown(account_view(AccountRow(ACCOUNT, TENANT, WORKSPACE, account_state(ACCOUNT, made), 1), None))

    assert (told["status"], told["state"], told["progress"], told["day"]) == (status, None, None, 0)
    assert told["sentence"].endswith(".")


def test_a_warmup_whose_first_attempt_is_under_way_is_starting() -> None:
    told = shown(account(None))

    assert (told["status"], told["warmup_status"], told["state"]) == (
        "provisioning",
        "not_started",
        "starting",
    )
    assert "being asked" in told["sentence"]


@pytest.mark.parametrize("status", list(WarmupStatus))
def test_every_state_has_a_sentence(status: WarmupStatus) -> None:
    told = shown(status=status)

    assert told["state"] == status.value
    assert told["sentence"][0].isupper()
    assert told["sentence"].endswith(".")
