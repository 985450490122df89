"""Instantly's API v2 as the warmup provider: enabling, its background jobs, what it shows of senders."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote

from services.warmup.domain.attempts import JobStatus, Said, Sender, SenderStatus, Verdict
from services.warmup.domain.figures import Figures
from services.warmup.ports import BATCH_LIMIT, ProviderTrouble
from shared.contracts.warmups import WarmupDay
from shared.errors import Retryable, Unknown
from shared.http.errors import ProviderRefused
from shared.http.provider import Provider

SWITCH_SECONDS = 8.0
LOOK_UP_SECONDS = 4.0
ANALYTICS_SECONDS = 10.0

SENDER_STATUS: Mapping[Any, SenderStatus] = {
    1: SenderStatus.WARMING,
    0: SenderStatus.PAUSED,
    -1: SenderStatus.BANNED,
    -2: SenderStatus.BANNED,
    -3: SenderStatus.SUSPENDED,
}
DISCONNECTED = frozenset({-1, -2, -3})
"""What the account's own status says of its mailbox: connection, soft bounce and sending errors; all else mends by itself."""
JOB_FINISHED: Mapping[Any, JobStatus] = {
    "success": JobStatus.SUCCEEDED,
    "completed": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "error": JobStatus.FAILED,
    "cancelled": JobStatus.FAILED,
}

OF_THE_KEY = frozenset({401, 402, 403})
"""Refusals of whoever asks, whatever the question is."""
MOST_REFUSED = 3
"""After so many addresses that were refused alone, and none that was not, it is not the addresses' doing."""
UNREADABLE = (AttributeError, TypeError, ValueError, OverflowError)
"""What reading an answer raises that has another shape than the documented one."""

T = TypeVar("T")


class QuestionRefused(ProviderTrouble):
    """The provider refuses this very question, perhaps because of one address in it."""


class Instantly:
    """The warmup provider; see `ports.WarmupProvider`."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def enable(self, addresses: Sequence[str]) -> Verdict:
        """Ask for warmup of up to 100 addresses (S1-12); asking again for a warming one changes nothing (S1-13).

        Raises:
            ValueError: No address, which could mean all of them, or more than a call may carry.
        """
        return await self._switch("enable", addresses)

    async def disable(self, addresses: Sequence[str]) -> Verdict:
        """Ask for the end of the warmup of up to 100 addresses; asking again changes nothing.

        Raises:
            ValueError: No address, which could mean all of them, or more than a call may carry.
        """
        return await self._switch("disable", addresses)

    async def _switch(self, way: str, addresses: Sequence[str]) -> Verdict:
        _require_batch(addresses)
        try:
            job = await self._provider.call(
                f"warmup.{way}",
                "POST",
                f"/accounts/warmup/{way}",
                json={"emails": list(addresses)},
                read_seconds=SWITCH_SECONDS,
            )
        except ProviderRefused as error:
            return _refusal(error.status)
        except Retryable as error:
            return Verdict(Said.UNAVAILABLE, wait_seconds=error.retry_after)
        except Unknown:
            return Verdict(Said.UNKNOWN)
        job_id = job.get("id") if isinstance(job, dict) else None
        return Verdict(Said.ACCEPTED, job_id=job_id if isinstance(job_id, str) else None)

    async def sender(self, address: str) -> Sender | None:
        """Return what Instantly shows for an address; None when it does not know it."""
        path = f"/accounts/{quote(address, safe='@')}"
        account = await _answered(
            self._provider.call("accounts.get", "GET", path, read_seconds=LOOK_UP_SECONDS)
        )
        if account is None:
            return None
        try:
            score, number = account.get("stat_warmup_score"), account.get("warmup_status")
            status = SENDER_STATUS.get(number)
            is_connected = account.get("status") not in DISCONNECTED
            reputation = _number(score)
        except UNREADABLE as error:
            raise ProviderTrouble("The warmup provider shows a sender that cannot be read.") from error
        if status is None or number is None:
            raise ProviderTrouble("The warmup provider shows a status that has no meaning here.")
        return Sender(status, reputation, number, is_connected)

    async def job(self, job_id: str) -> JobStatus | None:
        """Return how far a background job is; None when Instantly has forgotten it."""
        path = f"/background-jobs/{quote(job_id, safe='')}"
        job = await _answered(self._provider.call("jobs.get", "GET", path, read_seconds=LOOK_UP_SECONDS))
        if job is None:
            return None
        return JOB_FINISHED.get(job.get("status"), JobStatus.RUNNING)

    async def figures(self, addresses: Sequence[str]) -> Mapping[str, Figures | None]:
        """Return the counters per address; Instantly leaves out zeros and addresses without data.

        A question that is refused is asked again by halves, so that one address costs no other its figures.

        Raises:
            ValueError: No address, which could mean all of them, or more than a call may carry.
        """
        _require_batch(addresses)
        told: dict[str, Figures | None] = {}
        await self._ask_for_figures(addresses, told, [])
        return told

    async def _ask_for_figures(
        self, addresses: Sequence[str], told: dict[str, Figures | None], refused: list[str]
    ) -> None:
        """Add what is told; `refused` are the addresses without an answer so far although they were asked for alone."""
        question = self._provider.call(
            "warmup.analytics",
            "POST",
            "/accounts/warmup-analytics",
            json={"emails": list(addresses)},
            read_seconds=ANALYTICS_SECONDS,
        )
        try:
            analytics = await _answered(question)
        except QuestionRefused:
            analytics = None
            if len(addresses) == 1:
                told[addresses[0]] = None
        if analytics is not None:
            told.update(_all_figures(analytics))
        elif len(addresses) == 1:
            refused += addresses
            if len(refused) == MOST_REFUSED and not any(told.values()):
                raise ProviderTrouble("The warmup provider refuses every question.")
        else:
            middle = len(addresses) // 2
            for half in (addresses[:middle], addresses[middle:]):
                await self._ask_for_figures(half, told, refused)


def _require_batch(addresses: Sequence[str]) -> None:
    if not 1 <= len(addresses) <= BATCH_LIMIT:
        raise ValueError(f"a call carries between 1 and {BATCH_LIMIT} addresses")


def _refusal(status: int) -> Verdict:
    """Return what a refused change comes to; a refusal of our key or plan says nothing of the addresses."""
    if status in OF_THE_KEY:
        return Verdict(Said.UNAVAILABLE)
    return Verdict(Said.LOCKED if status == 409 else Said.REFUSED, is_missing=status == 404)


def _all_figures(analytics: Mapping[str, Any]) -> Mapping[str, Figures | None]:
    totals = analytics.get("aggregate_data") or {}
    by_date = analytics.get("email_date_data") or {}
    if not (isinstance(totals, dict) and isinstance(by_date, dict)):
        raise ProviderTrouble("The warmup provider told figures that cannot be read.")
    figures: dict[str, Figures | None] = {}
    for address in {**totals, **by_date}:
        try:
            figures[address] = _figures(totals.get(address) or {}, by_date.get(address) or {})
        except UNREADABLE:
            figures[address] = None
    return figures


def _figures(totals: Mapping[str, Any], by_date: Mapping[str, Mapping[str, Any]]) -> Figures:
    label = totals.get("health_score_label")
    return Figures(
        sent=_count(totals.get("sent")),
        received=_count(totals.get("received")),
        health_score=_number(totals.get("health_score")),
        health_label=None if label is None else str(label),
        days=tuple(_day(date.fromisoformat(day), by_date[day]) for day in sorted(by_date)),
    )


def _day(day: date, counters: Mapping[str, Any]) -> WarmupDay:
    sent, received, inbox = (_count(counters.get(name)) for name in ("sent", "received", "landed_inbox"))
    return WarmupDay(date=day, sent=sent, received=received, inbox=inbox)


def _count(value: Any) -> int:
    """Return how many there were; what is left out is none.

    Raises:
        TypeError: It is no number.
        ValueError: Likewise, or it is one that nothing has.
        OverflowError: Likewise.
    """
    count = int(value or 0)
    if not 0 <= count < 2**31:
        raise ValueError("a count is neither negative nor endless")
    return count


def _number(value: Any) -> float | None:
    """Return a score.

    Raises:
        TypeError: It is none.
        ValueError: Likewise, or it is not finite.
    """
    number = None if value is None else float(value)
    if number is not None and not math.isfinite(number):
        raise ValueError("a score is a finite number")
    return number


async def _answered(call: Awaitable[Any]) -> dict[str, Any] | None:
    """Return the object a question was answered with, None for "not found"; every other end is trouble."""
    try:
        answer = await call
    except ProviderRefused as error:
        if error.status == 404:
            return None
        kind = ProviderTrouble if error.status in OF_THE_KEY else QuestionRefused
        raise kind("The warmup provider refused the question.") from error
    except Retryable as error:
        raise ProviderTrouble(
            "The warmup provider cannot be asked now.", wait_seconds=error.retry_after
        ) from error
    except Unknown as error:
        raise ProviderTrouble("The warmup provider did not answer the question.") from error
    if not isinstance(answer, dict):
        raise ProviderTrouble("The warmup provider answered with something else than an object.")
    return answer
