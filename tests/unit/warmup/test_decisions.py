"""What a call, a job and a day come to, decided without any I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.warmup.domain.attempts import (
    Fail,
    Followed,
    JobStatus,
    Said,
    Sender,
    SenderStatus,
    Start,
    TryAgain,
    Verdict,
    decide_attempt,
    decide_follow,
)
from services.warmup.domain.schedule import Schedule
from services.warmup.domain.warmup import AttemptBy, Warmup, finished
from shared.clock import Calendar
from shared.contracts.accounts import Failure
from shared.contracts.warmups import WarmupStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEDULE = Schedule(calendar=Calendar(datetime(2026, 1, 1, tzinfo=UTC)), jitter=lambda _, longest: longest)


def warmup(status: WarmupStatus = WarmupStatus.STARTING, *, begun: float = 0.0, attempts: int = 1) -> Warmup:
    """A warmup whose attempt began so many seconds ago."""
    return Warmup(
        account_id=UUID(int=500),
        tenant_id=UUID(int=1),
        workspace_id=UUID(int=2),
        address="ada@acme.com",
        account_version=6,
        status=status,
        created_at=NOW,
        updated_at=NOW,
        last_event_id=UUID(int=4),
        last_event_time=NOW,
        attempts=attempts,
        attempt_by=AttemptBy.SERVICE,
        attempt_started_at=NOW - timedelta(seconds=begun),
        started_at=NOW - timedelta(seconds=begun),
    )


@pytest.mark.parametrize(("said", "is_confirmed"), [(Said.ACCEPTED, False), (Said.WARMING, True)])
def test_accepted_or_found_warming_starts(said: Said, is_confirmed: bool) -> None:
    decision = decide_attempt(warmup(), Verdict(said, "job"), NOW, SCHEDULE, shared=True)

    assert decision == Start(is_confirmed=is_confirmed, job_id="job")


@pytest.mark.parametrize("status", [WarmupStatus.STARTING, WarmupStatus.NOT_STARTED])
def test_a_refusal_of_many_counts_for_none_and_of_one_for_good(status: WarmupStatus) -> None:
    refused = Verdict(Said.REFUSED)

    assert decide_attempt(warmup(status), refused, NOW, SCHEDULE, shared=True) == TryAgain(NOW, is_alone=True)
    decision = decide_attempt(warmup(status), refused, NOW, SCHEDULE, shared=False)
    assert isinstance(decision, Fail)
    assert decision.failure.code == "provider_refused"
    assert decision.next_at == NOW + timedelta(seconds=60)
    assert decision.is_alone


@pytest.mark.parametrize(
    ("said", "status", "begun", "goes_on"),
    [
        (Said.UNAVAILABLE, WarmupStatus.STARTING, 0, True),
        (Said.UNAVAILABLE, WarmupStatus.STARTING, 14, False),
        (Said.UNAVAILABLE, WarmupStatus.NOT_STARTED, 0, False),
        (Said.UNKNOWN, WarmupStatus.STARTING, 0, True),
        (Said.UNKNOWN, WarmupStatus.NOT_STARTED, 0, False),
        (Said.LOCKED, WarmupStatus.STARTING, 20, True),
        (Said.LOCKED, WarmupStatus.NOT_STARTED, 20, True),
        (Said.LOCKED, WarmupStatus.STARTING, 25, False),
    ],
)
def test_trouble_is_waited_out_only_within_the_window(
    said: Said, status: WarmupStatus, begun: float, goes_on: bool
) -> None:
    decision = decide_attempt(warmup(status, begun=begun), Verdict(said), NOW, SCHEDULE, shared=False)

    assert isinstance(decision, TryAgain if goes_on else Fail)
    if isinstance(decision, Fail):
        assert decision.failure.code == "provider_unavailable"
        assert not decision.is_alone


def test_a_provider_that_asks_for_longer_than_the_window_gets_that_time() -> None:
    verdict = Verdict(Said.UNAVAILABLE, wait_seconds=300.0)

    decision = decide_attempt(warmup(), verdict, NOW, SCHEDULE, shared=False)

    assert isinstance(decision, Fail)
    assert decision.next_at == NOW + timedelta(seconds=300)


def test_an_unknown_outcome_is_remembered_as_unresolved() -> None:
    for status in (WarmupStatus.STARTING, WarmupStatus.NOT_STARTED):
        decision = decide_attempt(warmup(status), Verdict(Said.UNKNOWN), NOW, SCHEDULE, shared=False)
        assert isinstance(decision, TryAgain | Fail)
        assert decision.is_unresolved


def sender(status: SenderStatus) -> Sender:
    return Sender(status, None, 1)


@pytest.mark.parametrize(
    ("shown", "job", "waited", "expected"),
    [
        (sender(SenderStatus.WARMING), JobStatus.FAILED, 1, Followed.CONFIRMED),
        (sender(SenderStatus.BANNED), None, 1, Followed.BANNED),
        (sender(SenderStatus.SUSPENDED), None, 1, Followed.SUSPENDED),
        (sender(SenderStatus.PAUSED), JobStatus.RUNNING, 200, Followed.WAIT),
        (sender(SenderStatus.PAUSED), JobStatus.RUNNING, 301, "provider_job_failed"),
        (sender(SenderStatus.PAUSED), JobStatus.SUCCEEDED, 1, Followed.FINISHED),
        (sender(SenderStatus.PAUSED), JobStatus.SUCCEEDED, 200, Followed.FINISHED),
        (sender(SenderStatus.PAUSED), None, 200, Followed.FINISHED),
        (sender(SenderStatus.PAUSED), JobStatus.FAILED, 1, "provider_job_failed"),
        (None, JobStatus.SUCCEEDED, 1, "sender_missing"),
    ],
)
def test_what_the_sender_shows_outweighs_the_job(
    shown: Sender | None, job: JobStatus | None, waited: float, expected: str
) -> None:
    accepted = replace(warmup(WarmupStatus.WARMING, begun=waited), job_id="job")

    decision = decide_follow(accepted, shown, job, NOW)

    assert (decision.code if isinstance(decision, Failure) else decision) == expected


@pytest.mark.parametrize(("waited", "expected"), [(10, Followed.WAIT), (11, "provider_job_failed")])
def test_a_sender_may_lag_ten_seconds_behind_the_end_of_its_job_however_long_that_took(
    waited: float, expected: str
) -> None:
    seen = finished(warmup(WarmupStatus.WARMING, begun=250), NOW - timedelta(seconds=waited), NOW)

    decision = decide_follow(seen, sender(SenderStatus.PAUSED), None, NOW)

    assert (decision.code if isinstance(decision, Failure) else decision) == expected


def test_the_next_day_is_judged_early_in_it_and_never_before() -> None:
    for number in range(0, 2000, 37):
        at = SCHEDULE.next_day(NOW, UUID(int=number))
        into = at - datetime(2026, 3, 2, tzinfo=UTC)
        assert timedelta(0) <= into < timedelta(hours=1)
