"""Warmups: what clients ask of them, and the facts the warmup service states about them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.contracts.accounts import Failure
from shared.contracts.envelope import ACCOUNTS, Event, Kind, Model
from shared.contracts.requests import Request


class WarmupStatus(StrEnum):
    """Where a warmup is in its life."""

    STARTING = "starting"
    NOT_STARTED = "not_started"
    """The last attempt to enable it failed; it is retried by itself."""
    WARMING = "warming"
    PAUSED = "paused"
    GRADUATED = "graduated"
    DISABLED = "disabled"
    BANNED = "banned"
    SUSPENDED = "suspended"
    ENDED = "ended"


class WarmupHold(StrEnum):
    """What keeps a paused warmup from going on by itself; None in the state means that a client paused it."""

    DOMAIN = "domain"
    """Its domain is not verified any more."""
    CONNECTION = "connection"
    """The warmup provider cannot reach the sender's mailbox."""
    PROVIDER = "provider"
    """Somebody stopped it at the warmup provider."""


class WarmupDay(Model):
    """What the provider counted on one of its days; `inbox` is how many of those sent landed in an inbox."""

    date: date
    sent: int
    received: int
    inbox: int | None = None


class WarmupCriterion(Model):
    """One goal of a policy, and how far the warmup is; `value` is None while there is no data for it."""

    name: str
    value: float | None
    at_least: float | None = None
    below: float | None = None
    """Of the two bounds a goal has the one that is its own."""
    is_met: bool


class WarmupDecision(Model):
    """What the last judged day came to, why, and all that was looked at."""

    at: datetime
    day: int
    policy: str
    policy_version: int
    judgement: str
    """`continue`, `graduate`, `fall_back`, `hold`, `release`, `ban` or `suspend`."""
    sentence: str
    criteria: tuple[WarmupCriterion, ...]
    expected_at: datetime | None = None
    """When every goal is met if things go on as they did since the day before; None if that cannot be said."""


class WarmupState(Model):
    """The whole public state of a warmup; every warmup fact carries it."""

    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    address: str
    status: WarmupStatus
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    """How many times enabling was tried."""
    next_attempt_at: datetime | None = None
    started_at: datetime | None = None
    is_confirmed: bool = False
    """Whether the provider itself shows the sender as warming, or has only accepted the call."""
    day: int = 0
    """Whole warmup days recorded so far."""
    total_sent: int = 0
    reputation: float | None = None
    """The provider's score, 0 to 100; None before it has data."""
    total_received: int = 0
    health_score: float | None = None
    """The provider's share of warmup mail that reached an inbox, 0 to 100."""
    health_label: str | None = None
    provider_status: int | None = None
    """The provider's own number for the sender's warmup: 1 active, 0 paused, -1 banned, -2 unknown, -3 suspended."""
    observed_at: datetime | None = None
    """When the provider last told the figures above; None before it did."""
    days: tuple[WarmupDay, ...] = ()
    """The provider's last 30 days at most, the oldest first."""
    reason: str | None = None
    """Why the warmup was paused or disabled, in the words of whoever did it."""
    hold: WarmupHold | None = None
    """What holds it while it is paused; it goes on by itself once that is over. None when a client paused it."""
    failure: Failure | None = None
    qualified_days: int = 0
    """Judged days on which the sender warmed and its total grew."""
    healthy_days: int = 0
    """Judged days in a row on which `recent_health` was high enough to count."""
    recent_health: float | None = None
    """The percentage of the last seven full days' mail that reached an inbox; None below 20 messages."""
    recent_health_label: str | None = None
    """`excellent`, `good`, `fair` or `poor`."""
    bounce_rate: float | None = None
    """The percentage of the mail sent in the last seven full days that came back; None below 20 messages."""
    complaint_rate: float | None = None
    """The percentage of the same mail that was called spam."""
    decision: WarmupDecision | None = None
    """The last one; None before the first judged day."""
    next_evaluation_at: datetime | None = None
    """When it is judged next; None while no day is to be judged."""


# --- requests -------------------------------------------------------------------------------------------------


class WarmupRetryRequested(Request):
    """A client asked to try enabling a warmup again that failed to start (S1-8)."""

    TYPE: ClassVar[str] = "mailwright.warmup.retry_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS


class WarmupPauseRequested(Request):
    """A client asked to pause a running warmup."""

    TYPE: ClassVar[str] = "mailwright.warmup.pause_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    reason: str | None = None


class WarmupResumeRequested(Request):
    """A client asked to go on with a paused warmup."""

    TYPE: ClassVar[str] = "mailwright.warmup.resume_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS


class WarmupDisableRequested(Request):
    """A client asked to end the warmup for good, so that the account may send without it."""

    TYPE: ClassVar[str] = "mailwright.warmup.disable_requested.v1"
    TOPIC: ClassVar[str] = ACCOUNTS

    reason: str | None = None


# --- facts ----------------------------------------------------------------------------------------------------


class WarmupFact(Event):
    """Something that happened to a warmup; `warmup` is its state right after."""

    TOPIC: ClassVar[str] = ACCOUNTS
    KIND: ClassVar[Kind] = Kind.FACT

    warmup: WarmupState


class WarmupStarted(WarmupFact):
    """The warmup provider accepted the address, or shows it as warming (`is_confirmed`)."""

    TYPE: ClassVar[str] = "mailwright.warmup.started.v1"


class WarmupConfirmed(WarmupFact):
    """The provider itself now shows the sender as warming; before this the start was only accepted."""

    TYPE: ClassVar[str] = "mailwright.warmup.confirmed.v1"


class WarmupStartFailed(WarmupFact):
    """An attempt to enable the warmup failed; the next one is due at `next_attempt_at`."""

    TYPE: ClassVar[str] = "mailwright.warmup.start_failed.v1"


class WarmupDayRecorded(WarmupFact):
    """One warmup day was judged; the state carries the provider's totals of that day."""

    TYPE: ClassVar[str] = "mailwright.warmup.day_recorded.v1"


class WarmupGraduated(WarmupFact):
    """The policy's criteria are met; the account may send."""

    TYPE: ClassVar[str] = "mailwright.warmup.graduated.v1"


class WarmupFellBack(WarmupFact):
    """A graduated account lost what its policy wants it to keep; it warms again before it may send."""

    TYPE: ClassVar[str] = "mailwright.warmup.fell_back.v1"


class WarmupPaused(WarmupFact):
    """The provider has stopped warming the sender until the warmup is resumed, or the service holds the warmup (`hold`)."""

    TYPE: ClassVar[str] = "mailwright.warmup.paused.v1"


class WarmupResumed(WarmupFact):
    """A paused warmup goes on, or is complete again, from where it stopped."""

    TYPE: ClassVar[str] = "mailwright.warmup.resumed.v1"


class WarmupDisabled(WarmupFact):
    """The warmup is over because a client wanted it; the account may send."""

    TYPE: ClassVar[str] = "mailwright.warmup.disabled.v1"


class WarmupBanned(WarmupFact):
    """The warmup provider banned the sender."""

    TYPE: ClassVar[str] = "mailwright.warmup.banned.v1"


class WarmupSuspended(WarmupFact):
    """The warmup provider suspended the sender."""

    TYPE: ClassVar[str] = "mailwright.warmup.suspended.v1"


class WarmupEnded(WarmupFact):
    """The warmup is over because its account is going away or failed; nothing more will be said of it."""

    TYPE: ClassVar[str] = "mailwright.warmup.ended.v1"


EVENTS: tuple[type[Event], ...] = (
    WarmupRetryRequested,
    WarmupPauseRequested,
    WarmupResumeRequested,
    WarmupDisableRequested,
    WarmupStarted,
    WarmupConfirmed,
    WarmupStartFailed,
    WarmupDayRecorded,
    WarmupGraduated,
    WarmupFellBack,
    WarmupPaused,
    WarmupResumed,
    WarmupDisabled,
    WarmupBanned,
    WarmupSuspended,
    WarmupEnded,
)
