"""The words in which the warmup service answers requests."""

from __future__ import annotations

from uuid import UUID

from services.warmup.domain.warmup import Warmup
from shared.contracts.accounts import Failure
from shared.contracts.answers import AccountRequestAnswered, Outcome

NOT_RECORDED = Failure(
    code="enabled_not_recorded", message="Warmup was enabled but failed to update account status"
)
"""Its message is part of the contract, to the letter (S1-26)."""


def done(request_id: UUID, warmup: Warmup) -> AccountRequestAnswered:
    """It is as asked, and `warmup` is the version that shows it."""
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.DONE,
        subject_id=warmup.account_id,
        needs={"account": warmup.account_version, "warmup": warmup.version},
    )


def wrong_state(request_id: UUID, account_id: UUID, warmup: Warmup | None) -> AccountRequestAnswered:
    """A retry is only for a warmup that has not started (S1-8, S1-9)."""
    status = warmup.status.value if warmup else None
    shown = status or "not there"
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=account_id,
        code="wrong_state",
        message=f"Warmup can be retried only while it has not started; it is {shown}.",
        details={"warmup_status": status},
    )


def failed(request_id: UUID, account_id: UUID, failure: Failure) -> AccountRequestAnswered:
    """The attempt came to nothing, or could not be recorded."""
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.FAILED,
        subject_id=account_id,
        code=failure.code,
        message=failure.message,
    )


def ended_before_start(request_id: UUID, account_id: UUID) -> AccountRequestAnswered:
    """The account went away before its create request could be answered."""
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=account_id,
        code="account_deleted",
        message="The account was deleted before its warmup began.",
    )
