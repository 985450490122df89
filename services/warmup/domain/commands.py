"""What clients may command a warmup to do, in which states, and what comes of the one attempt at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.warmup.domain.attempts import (
    SETTLE_SECONDS,
    JobStatus,
    Said,
    Sender,
    SenderStatus,
    Verdict,
)
from services.warmup.domain.schedule import Schedule
from services.warmup.domain.warmup import Warmup
from shared.contracts.accounts import Failure
from shared.contracts.warmups import WarmupHold, WarmupStatus


class Command(StrEnum):
    """A change of a warmup that a client asks for, beside a retry."""

    PAUSE = "pause"
    RESUME = "resume"
    DISABLE = "disable"


ALLOWED: Mapping[Command, frozenset[WarmupStatus]] = {
    Command.PAUSE: frozenset({WarmupStatus.WARMING}),
    Command.RESUME: frozenset({WarmupStatus.PAUSED}),
    Command.DISABLE: frozenset({WarmupStatus.NOT_STARTED, WarmupStatus.WARMING, WarmupStatus.PAUSED}),
}
"""Only in these states; in any other a command is refused before the provider is asked."""
BEYOND_CLIENTS = frozenset({WarmupHold.DOMAIN, WarmupHold.CONNECTION})
"""What no enabling at the provider mends; it is over when it is over."""


def is_allowed(command: Command, warmup: Warmup) -> bool:
    """Say whether a warmup may be commanded to do this now; a held one cannot be resumed, but what the provider shows as stopped."""
    is_held = command is Command.RESUME and warmup.hold in BEYOND_CLIENTS
    return warmup.status in ALLOWED[command] and not is_held


class Stage(StrEnum):
    """What is known of a call that was made."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    """Sent and not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The one attempt at a command that an account may have under way; `reason` is the client's, for a pause or an end."""

    command: Command
    reason: str | None = None
    started_at: datetime
    intent_at: datetime | None = None
    """Set while a call may have been made; without a stage nobody has recorded what came of it."""
    stage: Stage | None = None
    stage_at: datetime | None = None
    """When that became known, or when the job of an accepted call was first seen finished."""
    job_id: str | None = None
    """The provider's job behind an accepted call, until it is seen finished."""
    tries: int = 0


REFUSED = Failure(code="provider_refused", message="The warmup provider refused to change the warmup.")
JOB_FAILED = Failure(
    code="provider_refused", message="The warmup provider accepted the change and then did not make it."
)
SENDER_MISSING = Failure(
    code="provider_refused", message="The warmup provider does not know the address any more."
)
UNAVAILABLE = Failure(
    code="provider_unavailable", message="The warmup provider could not be asked to change the warmup."
)


@dataclass(frozen=True, slots=True)
class Call:
    """The provider is to be called."""


@dataclass(frozen=True, slots=True)
class Again:
    """The attempt goes on at `at`, with what is known by then."""

    at: datetime
    is_unresolved: bool = False
    """Whether a call was made, or may have been, that has to be looked up by then."""
    stage: Stage | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The provider made the change, or has accepted it (`is_shown` false, and `job_id` its job)."""

    is_shown: bool
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The provider itself has stopped the sender for good; `status` is what the warmup is then."""

    status: WarmupStatus
    sender: Sender


Decision = Again | Done | Stopped | Failure


def decide_call(attempt: Attempt, verdict: Verdict, now: datetime, schedule: Schedule) -> Decision:
    """Decide what the one call comes to.

    A lock means that another job holds the address: it is waited for within the window. An accepted resume is done, its
    confirmation is followed as that of any start; a stop is done once the provider shows it. An address that is said to be
    unknown is looked for: where there is no sender, there is nothing left to end.
    """
    match verdict.said:
        case Said.ACCEPTED if attempt.command is Command.RESUME:
            return Done(is_shown=False, job_id=verdict.job_id)
        case Said.ACCEPTED:
            return Again(schedule.follow_at(now, 0), True, Stage.ACCEPTED, verdict.job_id)
        case Said.UNKNOWN:
            return Again(schedule.follow_at(now, 0), True, Stage.UNKNOWN)
        case Said.LOCKED:
            again = schedule.again_at(now, attempt.tries, verdict.wait_seconds)
            is_unresolved = attempt.intent_at is not None
            return Again(again, is_unresolved) if again <= _end_of(attempt, schedule) else UNAVAILABLE
        case Said.REFUSED if verdict.is_missing and attempt.command is Command.DISABLE:
            return Again(schedule.follow_at(now, 0), True, Stage.UNKNOWN)
        case Said.REFUSED:
            return REFUSED
        case _:
            return UNAVAILABLE


def decide_look(
    warmup: Warmup,
    attempt: Attempt,
    sender: Sender | None,
    job: JobStatus | None,
    now: datetime,
    schedule: Schedule,
) -> Decision | Call:
    """Decide what the provider's own word means for a call that was made, or may have been.

    A sender that is not yet shown as warming may still have an earlier enable before it: that it stands still then proves
    nothing, unless our own call was accepted. `job` must have been asked for before the sender, else the sender's answer may
    be older than the end of the job.
    """
    if sender is None:
        return Done(is_shown=True) if attempt.command is Command.DISABLE else SENDER_MISSING
    if sender.status in _STOPPED:
        return Stopped(_STOPPED[sender.status], sender)
    is_settled = warmup.is_confirmed and (warmup.intent_at is None or attempt.command is Command.RESUME)
    is_proof = is_settled or attempt.stage is Stage.ACCEPTED
    if is_proof and sender.status is _GOAL[attempt.command]:
        return Done(is_shown=True)
    if attempt.stage is None:
        return Call()
    if attempt.stage is Stage.ACCEPTED and job is JobStatus.FAILED:
        return JOB_FAILED
    job_id = attempt.job_id if job is JobStatus.RUNNING else None
    again = schedule.follow_at(now, attempt.tries)
    if again <= _end_of_looking(attempt, schedule):
        return Again(again, True, attempt.stage, job_id)
    if attempt.stage is Stage.UNKNOWN:
        return UNAVAILABLE
    return JOB_FAILED if _is_settled(attempt, now) else Done(is_shown=False, job_id=job_id)


def decide_trouble(
    attempt: Attempt, now: datetime, schedule: Schedule, wait_seconds: float | None
) -> Decision:
    """Decide what a look-up that got no answer comes to: another one within the window, then silence.

    What the provider has accepted is believed, as it is of a job that still runs then.
    """
    again = schedule.again_at(now, attempt.tries, wait_seconds)
    if again <= _end_of(attempt, schedule):
        return Again(again, True, attempt.stage, attempt.job_id)
    if attempt.stage is Stage.ACCEPTED:
        return Done(is_shown=False, job_id=attempt.job_id)
    return UNAVAILABLE


def is_unsettled(warmup: Warmup, attempt: Attempt) -> bool:
    """Say whether a failed attempt may yet come true where no daily look would notice: a resume after a client's pause."""
    return attempt.command is Command.RESUME and attempt.intent_at is not None and warmup.hold is None


_GOAL = {
    Command.PAUSE: SenderStatus.PAUSED,
    Command.RESUME: SenderStatus.WARMING,
    Command.DISABLE: SenderStatus.PAUSED,
}
_STOPPED = {
    SenderStatus.BANNED: WarmupStatus.BANNED,
    SenderStatus.SUSPENDED: WarmupStatus.SUSPENDED,
}


def _end_of_looking(attempt: Attempt, schedule: Schedule) -> datetime:
    """Return when to stop looking: an accepted call's job may take the whole window, an unknown one shows soon or never."""
    end = _end_of(attempt, schedule)
    if attempt.stage is not Stage.UNKNOWN or attempt.stage_at is None:
        return end
    return min(end, attempt.stage_at + timedelta(seconds=SETTLE_SECONDS))


def _is_settled(attempt: Attempt, now: datetime) -> bool:
    """Say whether the job of an accepted call has been over for so long that its sender must show it."""
    if attempt.job_id is not None or attempt.stage_at is None:
        return False
    return attempt.stage_at + timedelta(seconds=SETTLE_SECONDS) <= now


def _end_of(attempt: Attempt, schedule: Schedule) -> datetime:
    return attempt.started_at + timedelta(seconds=schedule.window_seconds)
