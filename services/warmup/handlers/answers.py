"""The words in which the warmup service answers requests."""

from __future__ import annotations

from uuid import UUID

from services.warmup.domain.commands import Command
from services.warmup.domain.warmup import Warmup
from shared.contracts.accounts import Failure
from shared.contracts.answers import AccountRequestAnswered, Outcome

NOT_RECORDED = Failure(
    code="enabled_not_recorded", message="Warmup was enabled but failed to update account status"
)
"""Its message is part of the contract, to the letter (S1-26)."""
ONLY: dict[Command | None, str] = {
    None: "Warmup can be retried only while it has not started",
    Command.PAUSE: "Warmup can be paused only while it is warming",
    Command.RESUME: "Warmup can be resumed only while it is paused by a client or at the provider",
    Command.DISABLE: "Warmup can be disabled only before it has started, while it is warming, or while it is paused",
}
"""When a retry (None) or a command is possible; domain.commands.ALLOWED decides it."""


def done(request_id: UUID, warmup: Warmup) -> AccountRequestAnswered:
    """It is as asked, and `warmup` is the version that shows it."""
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.DONE,
        subject_id=warmup.account_id,
        needs={"account": warmup.account_version, "warmup": warmup.version},
    )


def wrong_state(
    request_id: UUID, account_id: UUID, warmup: Warmup | None, command: Command | None = None
) -> AccountRequestAnswered:
    """The warmup is not in a state for a retry (S1-8, S1-9), or for a command if one is given."""
    return _refused(request_id, account_id, warmup, ONLY[command])


def busy(request_id: UUID, account_id: UUID, warmup: Warmup) -> AccountRequestAnswered:
    """Another command is being carried out: when it is done, what was asked for here may make no sense any more."""
    return _refused(request_id, account_id, warmup, "Another command for this warmup is under way")


def _refused(request_id: UUID, account_id: UUID, warmup: Warmup | None, why: str) -> AccountRequestAnswered:
    status = warmup.status.value if warmup else None
    held = {"hold": warmup.hold.value, "reason": warmup.reason} if warmup and warmup.hold else {}
    is_now = "held" if held else (status or "not there").replace("_", " ")
    return AccountRequestAnswered(
        request_id=request_id,
        outcome=Outcome.REFUSED,
        subject_id=account_id,
        code="wrong_state",
        message=f"{why}; it is {is_now}.",
        details={"warmup_status": status, **held},
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
