"""What a warmup is, and how each thing that can happen changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.accounts import AccountState, Failure
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupDay, WarmupDecision, WarmupHold, WarmupStatus


class AttemptBy(StrEnum):
    """Who opened the attempt to enable that is under way."""

    SERVICE = "service"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """A warmup with everything the service keeps of it; the public part is `state.state_of`."""

    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    address: str
    account_version: int
    """The account's version at which warmup began; the answer to the create request needs it."""
    status: WarmupStatus
    version: int = 0
    """Counts the facts told; 0 before the first attempt has come to an outcome."""
    created_at: datetime
    updated_at: datetime
    last_event_id: UUID
    last_event_time: datetime
    traceparent: str | None = None
    create_request_id: UUID | None = None
    """The create request, until it is answered."""
    attempts: int = 0
    next_attempt_at: datetime | None = None
    started_at: datetime | None = None
    is_confirmed: bool = False
    day: int = 0
    total_sent: int = 0
    total_received: int = 0
    reputation: float | None = None
    health_score: float | None = None
    health_label: str | None = None
    provider_status: int | None = None
    observed_at: datetime | None = None
    """When the provider last told the figures above; they stay, and grow stale, while it does not."""
    days: tuple[WarmupDay, ...] = ()
    qualified_days: int = 0
    healthy_days: int = 0
    recent_health: float | None = None
    recent_health_label: str | None = None
    decision: WarmupDecision | None = None
    reason: str | None = None
    domain_id: UUID | None = None
    """The claim that carries the account; None if it was not told yet when the warmup began."""
    hold: WarmupHold | None = None
    held_from: WarmupStatus | None = None
    """What it goes back to once nothing holds it any more."""
    bounce_rate: float | None = None
    complaint_rate: float | None = None
    accepted_at: datetime | None = None
    """Since when the confirmation is waited for: the provider accepted the enable then, or its job was first seen finished.

    A resume leaves `started_at` as it was.
    """
    failure_code: str | None = None
    failure_message: str | None = None
    job_id: str | None = None
    """The provider's job behind the last accepted enable, until it is seen finished."""
    attempt_by: AttemptBy | None = None
    """Set while an attempt is open; there is one at a time."""
    attempt_started_at: datetime | None = None
    intent_at: datetime | None = None
    """Set while a call may have been made whose outcome nobody has recorded."""
    tries: int = 0
    """Waits since the last step forward; the next wait grows with it."""
    goes_alone: bool = False
    """Whether it must not share a call: a shared one of this attempt went wrong, or it was refused alone."""
    due_at: datetime | None = None
    lease_token: UUID | None = None

    @property
    def token(self) -> UUID:
        """Names the lease that the warmup was claimed under."""
        if self.lease_token is None:
            raise ValueError("a warmup that nobody has claimed has no lease")
        return self.lease_token

    @property
    def must_go_alone(self) -> bool:
        """Whether a call to enable it may carry no other address."""
        return self.goes_alone or self.attempt_by is AttemptBy.CLIENT

    @property
    def is_judged(self) -> bool:
        """Whether each of its days is judged."""
        is_warming = self.status is WarmupStatus.WARMING and self.is_confirmed
        return is_warming or self.status is WarmupStatus.GRADUATED or self.hold is not None

    @property
    def is_watched(self) -> bool:
        """Whether it is looked at once a day, although none of its days is judged: a client paused it, and that is settled."""
        return self._is_clients_pause and self.intent_at is None

    @property
    def is_followed(self) -> bool:
        """Whether it is looked at outside its days: accepted and unconfirmed, or stopped and unsettled."""
        is_stopped = self.status is WarmupStatus.DISABLED or self._is_clients_pause
        is_accepted = self.status is WarmupStatus.WARMING and not self.is_confirmed
        return is_accepted or (is_stopped and self.intent_at is not None)

    @property
    def _is_clients_pause(self) -> bool:
        return self.status is WarmupStatus.PAUSED and self.hold is None

    @property
    def is_open(self) -> bool:
        """Whether an attempt to enable is under way."""
        return self.attempt_by is not None


def begun(account: AccountState, event: Recorded, now: datetime) -> Warmup:
    """Return the warmup that an account's event gives rise to, its first attempt due at once."""
    return Warmup(
        account_id=account.account_id,
        tenant_id=account.tenant_id,
        workspace_id=account.workspace_id,
        address=account.address,
        domain_id=account.domain_id,
        account_version=event.sequence or 0,
        status=WarmupStatus.STARTING,
        created_at=now,
        updated_at=now,
        last_event_id=event.id,
        last_event_time=event.time,
        traceparent=event.traceparent,
        create_request_id=event.request_id,
        due_at=now,
    )


def asked_to_retry(warmup: Warmup, now: datetime) -> Warmup:
    """Open an attempt for a client, due at once."""
    return replace(warmup, attempt_by=AttemptBy.CLIENT, due_at=now, tries=0)


def waiting(warmup: Warmup, until: datetime, *, is_alone: bool, is_unresolved: bool) -> Warmup:
    """Keep the attempt open until another call; an unresolved one is looked up before it is repeated."""
    return replace(
        warmup,
        due_at=until,
        tries=warmup.tries + 1,
        goes_alone=warmup.goes_alone or is_alone,
        intent_at=warmup.attempt_started_at if is_unresolved else None,
    )


def attempt_closed(warmup: Warmup, *, is_unresolved: bool, is_alone: bool = False) -> Warmup:
    """Close the attempt and change nothing else, so that a refused retry leaves what clients see as it was (S1-25)."""
    return replace(
        warmup,
        attempt_by=None,
        attempt_started_at=None,
        intent_at=warmup.attempt_started_at if is_unresolved else None,
        tries=0,
        goes_alone=is_alone,
        due_at=warmup.next_attempt_at,
    )


def start_failed(
    warmup: Warmup, failure: Failure, next_at: datetime, *, is_unresolved: bool, is_alone: bool = False
) -> Warmup:
    """Not started, and tried again at `next_at`."""
    return replace(
        attempt_closed(warmup, is_unresolved=is_unresolved, is_alone=is_alone),
        status=WarmupStatus.NOT_STARTED,
        is_confirmed=False,
        started_at=None,
        job_id=None,
        failure_code=failure.code,
        failure_message=failure.message,
        next_attempt_at=next_at,
        due_at=next_at,
    )


def started(
    warmup: Warmup, now: datetime, *, is_confirmed: bool, job_id: str | None, due_at: datetime
) -> Warmup:
    """Warming: accepted by the provider, or shown by it as warming already."""
    return replace(
        attempt_closed(warmup, is_unresolved=False),
        status=WarmupStatus.WARMING,
        started_at=now,
        accepted_at=now,
        is_confirmed=is_confirmed,
        job_id=job_id,
        next_attempt_at=None,
        failure_code=None,
        failure_message=None,
        due_at=due_at,
    )


def finished(warmup: Warmup, now: datetime, due_at: datetime) -> Warmup:
    """The provider's job is over: from now on its sender has to show what came of it."""
    return replace(warmup, job_id=None, accepted_at=now, tries=0, due_at=due_at)


def confirmed(warmup: Warmup, due_at: datetime) -> Warmup:
    """The provider shows it as warming; from `due_at` on it is judged once a day."""
    return replace(warmup, is_confirmed=True, job_id=None, tries=0, due_at=due_at)


def over(warmup: Warmup, status: WarmupStatus) -> Warmup:
    """In a state in which nothing is due any more: paused, disabled, banned, suspended or ended."""
    return replace(
        attempt_closed(warmup, is_unresolved=False),
        status=status,
        hold=None,
        held_from=None,
        reason=None,
        failure_code=None,
        failure_message=None,
        next_attempt_at=None,
        job_id=None,
        due_at=None,
    )


def held(warmup: Warmup, hold: WarmupHold, reason: str) -> Warmup:
    """Held, or held for another reason; its days are judged on, and what was counted so far stays."""
    return replace(
        warmup,
        status=WarmupStatus.PAUSED,
        hold=hold,
        held_from=warmup.held_from or warmup.status,
        reason=reason,
    )


def released(warmup: Warmup) -> Warmup:
    """Where it was before it was held."""
    status = warmup.held_from or WarmupStatus.WARMING
    return replace(warmup, status=status, hold=None, held_from=None, reason=None)
