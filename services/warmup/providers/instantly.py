"""Instantly's API v2 as the warmup provider: enabling, its background jobs, what it shows of senders."""

from __future__ import annotations

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

T = TypeVar("T")


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
            return Verdict(Said.LOCKED if error.status == 409 else Said.REFUSED)
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
        score = account.get("stat_warmup_score")
        number = account.get("warmup_status")
        status = SENDER_STATUS.get(number)
        if status is None or number is None:
            raise ProviderTrouble("The warmup provider shows a status that has no meaning here.")
        is_connected = account.get("status") not in DISCONNECTED
        return Sender(status, None if score is None else float(score), number, is_connected)

    async def job(self, job_id: str) -> JobStatus | None:
        """Return how far a background job is; None when Instantly has forgotten it."""
        path = f"/background-jobs/{quote(job_id, safe='')}"
        job = await _answered(self._provider.call("jobs.get", "GET", path, read_seconds=LOOK_UP_SECONDS))
        if job is None:
            return None
        return JOB_FINISHED.get(job.get("status"), JobStatus.RUNNING)

    async def figures(self, addresses: Sequence[str]) -> Mapping[str, Figures]:
        """Return the counters per address; Instantly leaves out zeros and addresses without data.

        Raises:
            ValueError: No address, which could mean all of them, or more than a call may carry.
        """
        _require_batch(addresses)
        analytics = await _answered(
            self._provider.call(
                "warmup.analytics",
                "POST",
                "/accounts/warmup-analytics",
                json={"emails": list(addresses)},
                read_seconds=ANALYTICS_SECONDS,
            )
        )
        totals = (analytics or {}).get("aggregate_data") or {}
        by_date = (analytics or {}).get("email_date_data") or {}
        try:
            return {
                address: _figures(totals.get(address) or {}, by_date.get(address) or {})
                for address in {**totals, **by_date}
            }
        except (AttributeError, TypeError, ValueError) as error:
            raise ProviderTrouble("The warmup provider told figures that cannot be read.") from error


def _require_batch(addresses: Sequence[str]) -> None:
    if not 1 <= len(addresses) <= BATCH_LIMIT:
        raise ValueError(f"a call carries between 1 and {BATCH_LIMIT} addresses")


def _figures(totals: Mapping[str, Any], by_date: Mapping[str, Mapping[str, Any]]) -> Figures:
    score, label = totals.get("health_score"), totals.get("health_score_label")
    return Figures(
        sent=int(totals.get("sent") or 0),
        received=int(totals.get("received") or 0),
        health_score=None if score is None else float(score),
        health_label=None if label is None else str(label),
        days=tuple(_day(date.fromisoformat(day), by_date[day]) for day in sorted(by_date)),
    )


def _day(day: date, counters: Mapping[str, Any]) -> WarmupDay:
    sent, received, inbox = (int(counters.get(name) or 0) for name in ("sent", "received", "landed_inbox"))
    return WarmupDay(date=day, sent=sent, received=received, inbox=inbox)


async def _answered(call: Awaitable[Any]) -> dict[str, Any] | None:
    """Return the object a question was answered with, None for "not found"; every other end is trouble."""
    try:
        answer = await call
    except ProviderRefused as error:
        if error.status == 404:
            return None
        raise ProviderTrouble("The warmup provider refused the question.") from error
    except Retryable as error:
        raise ProviderTrouble(
            "The warmup provider cannot be asked now.", wait_seconds=error.retry_after
        ) from error
    except Unknown as error:
        raise ProviderTrouble("The warmup provider did not answer the question.") from error
    if not isinstance(answer, dict):
        raise ProviderTrouble("The warmup provider answered with something else than an object.")
    return answer
