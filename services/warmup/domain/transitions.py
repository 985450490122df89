"""Every way a warmup may go from one state to another: the whole state machine, as data."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.warmups import (
    WarmupBanned,
    WarmupConfirmed,
    WarmupDayRecorded,
    WarmupDisabled,
    WarmupEnded,
    WarmupFact,
    WarmupFellBack,
    WarmupGraduated,
    WarmupPaused,
    WarmupResumed,
    WarmupStarted,
    WarmupStartFailed,
    WarmupStatus,
    WarmupSuspended,
)


class IllegalTransition(RuntimeError):
    """The code was about to tell something of a warmup that its state machine does not know."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the state machine: the fact that tells it, and what triggers it, in a few words."""

    before: WarmupStatus
    fact: type[WarmupFact]
    after: WarmupStatus
    trigger: str


_STARTING, _NOT_STARTED = WarmupStatus.STARTING, WarmupStatus.NOT_STARTED
_WARMING, _PAUSED, _DISABLED = WarmupStatus.WARMING, WarmupStatus.PAUSED, WarmupStatus.DISABLED
_GRADUATED, _BANNED = WarmupStatus.GRADUATED, WarmupStatus.BANNED
_SUSPENDED, _ENDED = WarmupStatus.SUSPENDED, WarmupStatus.ENDED

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        _STARTING, WarmupStarted, _WARMING, "the provider accepts the first attempt, or warms already"
    ),
    Transition(
        _STARTING, WarmupStartFailed, _NOT_STARTED, "the provider refuses, or 25 s pass without a yes"
    ),
    Transition(_NOT_STARTED, WarmupStarted, _WARMING, "an own later attempt, or a client's retry, succeeds"),
    Transition(_NOT_STARTED, WarmupStartFailed, _NOT_STARTED, "an own later attempt fails"),
    Transition(_NOT_STARTED, WarmupDisabled, _DISABLED, "a client disables the warmup"),
    Transition(_NOT_STARTED, WarmupBanned, _BANNED, "a look during a client's command shows a ban"),
    Transition(
        _NOT_STARTED, WarmupSuspended, _SUSPENDED, "a look during a client's command shows a suspension"
    ),
    Transition(_WARMING, WarmupConfirmed, _WARMING, "the provider itself shows the sender as warming"),
    Transition(_WARMING, WarmupStartFailed, _NOT_STARTED, "an accepted start does not come to be"),
    Transition(_WARMING, WarmupDayRecorded, _WARMING, "a day is judged"),
    Transition(_WARMING, WarmupGraduated, _GRADUATED, "a judged day meets every criterion of the policy"),
    Transition(_WARMING, WarmupPaused, _PAUSED, "a client pauses the warmup, or something holds it"),
    Transition(_WARMING, WarmupDisabled, _DISABLED, "a client disables the warmup"),
    Transition(_WARMING, WarmupBanned, _BANNED, "the provider shows the sender as banned"),
    Transition(_WARMING, WarmupSuspended, _SUSPENDED, "the provider shows the sender as suspended"),
    Transition(_GRADUATED, WarmupDayRecorded, _GRADUATED, "a day is judged"),
    Transition(_GRADUATED, WarmupFellBack, _WARMING, "a judged day has lost what the policy wants kept"),
    Transition(_GRADUATED, WarmupPaused, _PAUSED, "something holds the warmup"),
    Transition(_GRADUATED, WarmupBanned, _BANNED, "the provider shows the sender as banned"),
    Transition(_GRADUATED, WarmupSuspended, _SUSPENDED, "the provider shows the sender as suspended"),
    Transition(_PAUSED, WarmupDayRecorded, _PAUSED, "a day is judged while something holds the warmup"),
    Transition(_PAUSED, WarmupResumed, _WARMING, "a client resumes the warmup, or what held it is over"),
    Transition(_PAUSED, WarmupResumed, _GRADUATED, "what held a complete warmup is over"),
    Transition(_PAUSED, WarmupDisabled, _DISABLED, "a client disables the warmup"),
    Transition(
        _PAUSED,
        WarmupBanned,
        _BANNED,
        "the daily look, or one during or after a client's command, shows a ban",
    ),
    Transition(
        _PAUSED,
        WarmupSuspended,
        _SUSPENDED,
        "the daily look, or one during or after a client's command, shows a suspension",
    ),
    *(
        Transition(status, WarmupEnded, _ENDED, "the account is being deleted, or has failed")
        for status in WarmupStatus
        if status is not _ENDED
    ),
)

_LEGAL = frozenset((each.before, each.fact, each.after) for each in TRANSITIONS)


def require_legal(before: WarmupStatus, fact: type[WarmupFact], after: WarmupStatus) -> None:
    """Let a step of the state machine pass.

    Raises:
        IllegalTransition: It is none; nothing may be told or written of it.
    """
    if (before, fact, after) not in _LEGAL:
        raise IllegalTransition(f"{fact.__name__} does not lead from {before.value} to {after.value}.")
