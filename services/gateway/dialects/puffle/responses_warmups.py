"""What Puffle's responses about warmups look like, for the OpenAPI document; `warmups.py` and `analytics.py` make them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

STALE = "Whether two warmup days have passed since: the provider does not answer, or the sender is not looked at any more."

AccountStatus = Literal[
    "provisioning", "pending", "warming", "active", "paused", "error", "failed", "deleting", "deleted"
]
WarmupStatus = Literal["not_started", "warming", "active", "paused", "disabled", "banned", "suspended"]


class WarmupDayFigures(BaseModel):
    """One day of the provider's."""

    date: date
    sent: int
    received: int


class WarmupTotals(BaseModel):
    """What the provider last told of a warmup, however old; null is what it has not told yet."""

    total_sent: int
    total_received: int
    health_score: float | None
    health_score_label: str | None = Field(examples=["Excellent"])
    warmup_reputation: float | None = Field(description="0 to 100.")
    instantly_warmup_status: int | None = Field(
        description="1 active, 0 paused, -1 banned, -2 spam folder unknown, -3 suspended for good."
    )
    daily_data: list[WarmupDayFigures] = Field(description="The last 30 days at most, oldest first.")
    observed_at: datetime | None = Field(description="When the provider told this.")
    age_seconds: int | None = Field(description="How long ago that was.")
    is_stale: bool = Field(description=STALE)


class WarmupFigures(WarmupTotals):
    """The same, of an account among others."""

    email: str


class WarmupTransition(BaseModel):
    """How an account stands after it changed."""

    warmup_status: WarmupStatus
    status: Literal["pending", "warming", "active", "paused", "error"]


class WarmupAnalytics(BaseModel):
    """The figures of the workspace's warmups and what changed since they were last read, both by account id."""

    analytics: dict[UUID, WarmupFigures]
    transitions: dict[UUID, WarmupTransition]


class WarmupPolicy(BaseModel):
    """The rule that the last day was judged by."""

    name: str = Field(examples=["puffle"])
    version: int


class WarmupGoal(BaseModel):
    """One criterion of the policy; it has `at_least` or `below`, and the other is null."""

    name: str = Field(examples=["reputation"])
    value: float | None = Field(description="Null while it is not known.")
    at_least: float | None
    below: float | None
    is_met: bool


class WarmupVerdict(BaseModel):
    """What the last judged day came to."""

    at: datetime
    day: int
    judgement: str = Field(
        description="`continue`, `graduate`, `fall_back`, `hold`, `release`, `ban` or `suspend`.",
        examples=["continue"],
    )
    sentence: str = Field(examples=["It does not meet every goal yet: messages sent 120 (at least 200)."])


class WarmupHealth(BaseModel):
    """How much of the last seven full days' warmup mail reached an inbox."""

    percentage: float | None = Field(description="Null below 20 messages.")
    label: Literal["excellent", "good", "fair", "poor"] | None


class WarmupProblem(BaseModel):
    """Why the warmup could not be started."""

    code: str
    message: str


class Warmup(BaseModel):
    """Where a warmup is, and why its account does not send yet."""

    account_id: UUID
    email_address: str | None
    status: AccountStatus = Field(description="The account's.")
    warmup_status: WarmupStatus = Field(description="The account's.")
    state: (
        Literal[
            "starting",
            "not_started",
            "warming",
            "graduated",
            "paused",
            "disabled",
            "banned",
            "suspended",
            "ended",
        ]
        | None
    ) = Field(description="The warmup's own; null while the account is being made.")
    sentence: str = Field(description="How it stands.", examples=["The first day has not been judged yet."])
    confirmation: Literal["accepted", "confirmed"] | None = Field(
        description="While it warms: `accepted` as long as the provider has only taken the call, `confirmed` once it shows "
        "the sender as warming."
    )
    hold: Literal["domain", "connection", "provider"] | None = Field(
        description="While `paused`: what holds it until that is over; null if a client paused it."
    )
    reason: str | None = Field(description="Why it was paused or disabled.")
    failure: WarmupProblem | None = Field(description="Set while it has not started.")
    day: int = Field(description="Days judged so far.")
    started_at: datetime | None
    policy: WarmupPolicy | None = Field(description="Null before the first judged day, as are the next two.")
    progress: list[WarmupGoal] | None = Field(
        description="The policy's goals; once the warmup is complete, what must be kept."
    )
    last_decision: WarmupVerdict | None
    expected_at: datetime | None = Field(
        description="While it warms: when the last goal is met if things go on as they did; null if that cannot be said."
    )
    next_evaluation_at: datetime | None = Field(description="When the next day is judged; null if none is.")
    overdue_since: datetime | None = Field(
        description="When a day should have been judged that still waits for it, as while the provider does not answer."
    )
    next_attempt_at: datetime | None = Field(description="When it is tried to start it again.")
    health: WarmupHealth
    figures: WarmupTotals


class WarmupResponse(BaseModel):
    """One account's warmup."""

    warmup: Warmup
