"""What comes of an attempt to enable a warmup, and of following an accepted one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.warmup.domain.schedule import Schedule
from services.warmup.domain.warmup import Warmup
from shared.contracts.accounts import Failure
from shared.contracts.warmups import WarmupStatus

TRY_SECONDS = 12.0
"""What one call and one look-up may take together; no call is begun that could not end within the window."""
JOB_SECONDS = 300.0
SETTLE_SECONDS = 10.0
"""How long the sender may lag behind its job, from when that was first seen finished."""

REFUSED = Failure(code="provider_refused", message="The warmup provider refused to enable warmup.")
UNAVAILABLE = Failure(
    code="provider_unavailable", message="The warmup provider could not be asked to enable warmup."
)
JOB_FAILED = Failure(
    code="provider_job_failed",
    message="The warmup provider accepted the address and then did not enable its warmup.",
)
SENDER_MISSING = Failure(
    code="sender_missing", message="The warmup provider does not know the address any more."
)


class Said(StrEnum):
    """What one call to enable came to."""

    ACCEPTED = "accepted"
    WARMING = "warming"
    """A look-up showed that it is warming already."""
    REFUSED = "refused"
    LOCKED = "locked"
    """Another job of the provider's holds the address; nothing happened."""
    UNAVAILABLE = "unavailable"
    """Never sent, or told to wait; nothing happened."""
    UNKNOWN = "unknown"
    """Sent, its outcome not known, and no look-up shows it as warming."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the provider said; `wait_seconds` is how long it asks to be left alone."""

    said: Said
    job_id: str | None = None
    wait_seconds: float | None = None
    is_missing: bool = False
    """Whether it refused because it does not know an address."""


@dataclass(frozen=True, slots=True)
class Start:
    """It warms, or will once the provider's job is done."""

    is_confirmed: bool
    job_id: str | None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The attempt goes on at `at`."""

    at: datetime
    is_alone: bool = False
    is_unresolved: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """The attempt is over without success; by itself the service tries again at `next_at`."""

    failure: Failure
    next_at: datetime
    is_unresolved: bool = False
    is_alone: bool = False
    """Whether the next attempt must not share a call: the provider refused this very address."""


def decide_attempt(
    warmup: Warmup, verdict: Verdict, now: datetime, schedule: Schedule, *, shared: bool
) -> Start | TryAgain | Fail:
    """Decide what a call comes to for one warmup; `shared` says that the call carried other addresses too.

    Trouble with a shared call says nothing about a single address, so it is repeated alone; unless an address is refused then, the
    next attempt shares a call again, so that an outage ends with few calls. While a warmup is
    starting its attempt is patient for the whole window; a later attempt is one call, and waits only for a lock.
    """
    said, wait = verdict.said, verdict.wait_seconds
    if said in {Said.ACCEPTED, Said.WARMING}:
        return Start(is_confirmed=said is Said.WARMING, job_id=verdict.job_id)
    if shared and said is Said.REFUSED:
        return TryAgain(now, is_alone=True)
    begun = warmup.attempt_started_at or now
    left = (begun + timedelta(seconds=schedule.window_seconds) - now).total_seconds()
    again = schedule.again_at(now, warmup.tries, wait)
    needed = (again - now).total_seconds()
    is_unresolved = said is Said.UNKNOWN
    if said is Said.LOCKED and needed <= left:
        return TryAgain(again)
    is_patient = warmup.status is WarmupStatus.STARTING or (shared and is_unresolved)
    if said is not Said.REFUSED and is_patient and needed + TRY_SECONDS <= left:
        return TryAgain(again, is_alone=is_unresolved, is_unresolved=is_unresolved)
    failure = REFUSED if said is Said.REFUSED else UNAVAILABLE
    next_at = schedule.retry_at(now, warmup.attempts, wait)
    return Fail(failure, next_at, is_unresolved, is_alone=said is Said.REFUSED)


class SenderStatus(StrEnum):
    """What the provider shows for a sender's warmup."""

    WARMING = "warming"
    PAUSED = "paused"
    BANNED = "banned"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender as the provider shows it; `reputation` is None before it has data, `number` the status in its own words."""

    status: SenderStatus
    reputation: float | None
    number: int
    is_connected: bool = True
    """Whether the provider can use its mailbox."""


class JobStatus(StrEnum):
    """How far the provider's job is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Followed(StrEnum):
    """What following an accepted enable came to, besides a failure."""

    WAIT = "wait"
    FINISHED = "finished"
    """Its job is over, which was not known before; the sender is to show it soon."""
    CONFIRMED = "confirmed"
    BANNED = "banned"
    SUSPENDED = "suspended"


def decide_follow(
    warmup: Warmup, sender: Sender | None, job: JobStatus | None, now: datetime
) -> Followed | Failure:
    """Decide what an accepted enable has come to; what the sender itself shows outweighs the job's word.

    `job` must have been asked for before the sender, else the sender's answer may be older than the end of the job. A job
    that the provider has forgotten is over.
    """
    if sender is None:
        return SENDER_MISSING
    if sender.status is SenderStatus.WARMING:
        return Followed.CONFIRMED
    if sender.status is SenderStatus.BANNED:
        return Followed.BANNED
    if sender.status is SenderStatus.SUSPENDED:
        return Followed.SUSPENDED
    if job is JobStatus.FAILED:
        return JOB_FAILED
    if warmup.job_id is not None and job is not JobStatus.RUNNING:
        return Followed.FINISHED
    limit = SETTLE_SECONDS if warmup.job_id is None else JOB_SECONDS
    waited = (now - (warmup.accepted_at or warmup.started_at or now)).total_seconds()
    return JOB_FAILED if waited > limit else Followed.WAIT
