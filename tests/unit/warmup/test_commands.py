"""What the one attempt at a command comes to, decided without any I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.warmup.domain.attempts import JobStatus, Said, Sender, SenderStatus, Verdict
from services.warmup.domain.commands import (
    Again,
    Attempt,
    Call,
    Command,
    Decision,
    Done,
    Stage,
    Stopped,
    decide_call,
    decide_look,
    decide_trouble,
)
from services.warmup.domain.schedule import Schedule
from services.warmup.domain.unsettled import Late, decide_late
from shared.clock import Calendar
from shared.contracts.accounts import Failure
from shared.contracts.warmups import WarmupStatus
from tests.unit.warmup.test_decisions import warmup

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEDULE = Schedule(calendar=Calendar(datetime(2026, 1, 1, tzinfo=UTC)), jitter=lambda _, longest: longest)
CONFIRMED = replace(warmup(WarmupStatus.WARMING), is_confirmed=True)


def attempt(command: Command = Command.PAUSE, *, begun: float = 0.0, stage: Stage | None = None) -> Attempt:
    """An attempt that began so many seconds ago, its call made at once."""
    at = NOW - timedelta(seconds=begun)
    return Attempt(
        command=command,
        started_at=at,
        intent_at=at,
        stage=stage,
        stage_at=at if stage else None,
        job_id="job",
    )


def named(decision: Decision | Call) -> str:
    """Say what was decided in a word."""
    if isinstance(decision, Failure):
        return decision.code
    return {Again: "again", Call: "call", Stopped: "stopped", Done: "done"}[type(decision)]


@pytest.mark.parametrize(
    ("said", "command", "begun", "expected"),
    [
        (Said.ACCEPTED, Command.PAUSE, 0, "again"),
        (Said.ACCEPTED, Command.DISABLE, 0, "again"),
        (Said.ACCEPTED, Command.RESUME, 0, "done"),
        (Said.UNKNOWN, Command.PAUSE, 0, "again"),
        (Said.LOCKED, Command.PAUSE, 0, "again"),
        (Said.LOCKED, Command.PAUSE, 25, "provider_unavailable"),
        (Said.REFUSED, Command.RESUME, 0, "provider_refused"),
        (Said.UNAVAILABLE, Command.RESUME, 0, "provider_unavailable"),
    ],
)
def test_what_one_call_comes_to(said: Said, command: Command, begun: float, expected: str) -> None:
    decision = decide_call(attempt(command, begun=begun), Verdict(said, "job"), NOW, SCHEDULE)

    assert named(decision) == expected


@pytest.mark.parametrize(
    ("said", "has_intent", "is_unresolved"),
    [(Said.LOCKED, False, False), (Said.LOCKED, True, True), (Said.UNKNOWN, False, True)],
)
def test_only_a_call_that_may_have_worked_is_looked_up(
    said: Said, has_intent: bool, is_unresolved: bool
) -> None:
    """A lock says nothing about an earlier call of the same attempt: it may be what holds the lock."""
    begun = replace(attempt(), intent_at=NOW if has_intent else None)

    decision = decide_call(begun, Verdict(said), NOW, SCHEDULE)

    assert isinstance(decision, Again)
    assert decision.is_unresolved is is_unresolved


@pytest.mark.parametrize(
    ("shown", "stage", "job", "begun", "expected"),
    [
        (SenderStatus.PAUSED, Stage.ACCEPTED, None, 1, "done"),
        (SenderStatus.PAUSED, Stage.UNKNOWN, None, 1, "done"),
        (SenderStatus.PAUSED, None, None, 1, "done"),
        (SenderStatus.WARMING, None, None, 1, "call"),
        (SenderStatus.WARMING, Stage.ACCEPTED, JobStatus.RUNNING, 1, "again"),
        (SenderStatus.WARMING, Stage.ACCEPTED, JobStatus.FAILED, 1, "provider_refused"),
        (SenderStatus.WARMING, Stage.ACCEPTED, JobStatus.SUCCEEDED, 1, "again"),
        (SenderStatus.WARMING, Stage.ACCEPTED, JobStatus.SUCCEEDED, 25, "done"),
        (SenderStatus.WARMING, Stage.ACCEPTED, JobStatus.RUNNING, 25, "done"),
        (SenderStatus.WARMING, Stage.UNKNOWN, None, 1, "again"),
        (SenderStatus.WARMING, Stage.UNKNOWN, None, 10, "provider_unavailable"),
        (SenderStatus.BANNED, Stage.ACCEPTED, None, 1, "stopped"),
        (SenderStatus.SUSPENDED, None, None, 1, "stopped"),
    ],
)
def test_what_a_look_means_for_a_pause(
    shown: SenderStatus, stage: Stage | None, job: JobStatus | None, begun: float, expected: str
) -> None:
    pause = attempt(begun=begun, stage=stage)

    assert named(decide_look(CONFIRMED, pause, Sender(shown, None, 1), job, NOW, SCHEDULE)) == expected


@pytest.mark.parametrize(("ago", "expected"), [(9, "done"), (10, "provider_refused")])
def test_an_accepted_pause_whose_job_was_seen_finished_must_show_ten_seconds_later(
    ago: float, expected: str
) -> None:
    seen_at = NOW - timedelta(seconds=ago)
    pause = replace(attempt(begun=25, stage=Stage.ACCEPTED), job_id=None, stage_at=seen_at)
    sender = Sender(SenderStatus.WARMING, None, 1)

    assert named(decide_look(CONFIRMED, pause, sender, None, NOW, SCHEDULE)) == expected


@pytest.mark.parametrize(
    ("stage", "expected"), [(None, "call"), (Stage.UNKNOWN, "again"), (Stage.ACCEPTED, "done")]
)
def test_a_sender_that_never_warmed_yet_proves_no_pause(stage: Stage | None, expected: str) -> None:
    young = replace(CONFIRMED, is_confirmed=False)
    sender = Sender(SenderStatus.PAUSED, None, 0)

    assert named(decide_look(young, attempt(stage=stage), sender, None, NOW, SCHEDULE)) == expected


@pytest.mark.parametrize(
    ("command", "expected"), [(Command.PAUSE, "provider_refused"), (Command.DISABLE, "done")]
)
def test_an_unknown_sender_warms_no_more_and_cannot_be_paused(command: Command, expected: str) -> None:
    assert named(decide_look(CONFIRMED, attempt(command), None, None, NOW, SCHEDULE)) == expected


@pytest.mark.parametrize(
    ("stage", "begun", "expected"),
    [
        (None, 0, "again"),
        (None, 25, "provider_unavailable"),
        (Stage.UNKNOWN, 25, "provider_unavailable"),
        (Stage.ACCEPTED, 24, "again"),
        (Stage.ACCEPTED, 25, "done"),
    ],
)
def test_looks_without_an_answer_end_with_the_window_and_what_was_accepted_is_believed(
    stage: Stage | None, begun: float, expected: str
) -> None:
    assert named(decide_trouble(attempt(begun=begun, stage=stage), NOW, SCHEDULE, None)) == expected


def test_a_sender_that_stands_still_proves_no_stop_while_an_earlier_enable_may_come() -> None:
    disable, sender = attempt(Command.DISABLE), Sender(SenderStatus.PAUSED, None, 0)
    unsettled = replace(CONFIRMED, status=WarmupStatus.PAUSED, intent_at=NOW)

    assert named(decide_look(unsettled, disable, sender, None, NOW, SCHEDULE)) == "call"


def seen_late(
    shown: SenderStatus | None,
    *,
    after: float,
    status: WarmupStatus = WarmupStatus.PAUSED,
    is_confirmed: bool = True,
) -> Late:
    """Return what a look means so many seconds after a call at a warmup that a client stopped."""
    called_at = NOW - timedelta(seconds=after)
    stopped = replace(CONFIRMED, status=status, is_confirmed=is_confirmed, intent_at=called_at)
    return decide_late(stopped, None if shown is None else Sender(shown, None, 1), NOW)


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (SenderStatus.PAUSED, 299, Late.WAIT),
        (SenderStatus.PAUSED, 300, Late.SETTLED),
        (None, 299, Late.WAIT),
        (None, 300, Late.SETTLED),
        (SenderStatus.WARMING, 4_000, Late.RESUMED),
        (SenderStatus.BANNED, 1, Late.BANNED),
        (SenderStatus.SUSPENDED, 1, Late.SUSPENDED),
    ],
)
def test_what_a_later_look_means_for_a_resume_that_nobody_saw_answered(
    status: SenderStatus | None, after: float, expected: Late
) -> None:
    assert seen_late(status, after=after) is expected


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (SenderStatus.WARMING, 1, Late.STOP),
        (SenderStatus.PAUSED, 300, Late.SETTLED),
        (SenderStatus.BANNED, 1, Late.WAIT),
        (SenderStatus.SUSPENDED, 300, Late.SETTLED),
    ],
)
def test_what_warms_although_it_is_disabled_is_stopped(
    status: SenderStatus, after: float, expected: Late
) -> None:
    assert seen_late(status, after=after, status=WarmupStatus.DISABLED) is expected


def test_what_warms_although_a_client_paused_it_and_nothing_is_unseen_is_stopped() -> None:
    settled = replace(CONFIRMED, status=WarmupStatus.PAUSED, intent_at=None)

    assert decide_late(settled, Sender(SenderStatus.WARMING, None, 1), NOW) is Late.STOP
    assert decide_late(settled, Sender(SenderStatus.PAUSED, None, 0), NOW) is Late.SETTLED
    assert decide_late(settled, None, NOW) is Late.SETTLED


def test_a_pause_that_was_only_believed_is_made_again_if_it_never_came() -> None:
    assert seen_late(SenderStatus.WARMING, after=1, is_confirmed=False) is Late.STOP
