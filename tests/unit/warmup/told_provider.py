"""A warmup provider that says and does what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.warmup.domain.attempts import JobStatus, Said, Sender, SenderStatus, Verdict
from services.warmup.domain.figures import Figures
from services.warmup.ports import ProviderTrouble
from shared.contracts.warmups import WarmupDay

FIRST_DATE = date(2026, 2, 20)
NUMBERS = {
    SenderStatus.WARMING: 1, SenderStatus.PAUSED: 0, SenderStatus.BANNED: -1, SenderStatus.SUSPENDED: -3
}  # fmt: skip


class ToldProvider:
    """`ports.WarmupProvider` whose every answer is set from outside; what it accepts it also does, until told otherwise."""

    def __init__(self) -> None:
        self.verdict = Verdict(Said.ACCEPTED, "job")
        self.status: SenderStatus | None = SenderStatus.PAUSED
        self.reputation: float | None = 95.0
        self.sends = 40
        """What every look at the figures adds to them."""
        self.reaches_inboxes = True
        self.is_silent = False
        self.is_connected = True
        self.job_status: JobStatus | None = JobStatus.RUNNING
        self._sent = 0

    async def enable(self, addresses: Sequence[str]) -> Verdict:
        return self._switch(SenderStatus.WARMING)

    async def disable(self, addresses: Sequence[str]) -> Verdict:
        return self._switch(SenderStatus.PAUSED)

    def _switch(self, status: SenderStatus) -> Verdict:
        if self.verdict.said in {Said.ACCEPTED, Said.UNKNOWN} and self.status is not None:
            self.status = status
        return self.verdict

    async def sender(self, address: str) -> Sender | None:
        self._answer()
        if self.status is None:
            return None
        return Sender(self.status, self.reputation, NUMBERS[self.status], self.is_connected)

    async def job(self, job_id: str) -> JobStatus | None:
        self._answer()
        return self.job_status

    async def figures(self, addresses: Sequence[str]) -> Mapping[str, Figures]:
        self._answer()
        self._sent += self.sends
        inbox = 50 if self.reaches_inboxes else 10
        days = tuple(
            WarmupDay(date=FIRST_DATE + timedelta(days=number), sent=50, received=50, inbox=inbox)
            for number in range(60)
        )
        return {address: Figures(self._sent, self._sent, days=days) for address in addresses if self._sent}

    def _answer(self) -> None:
        if self.is_silent:
            raise ProviderTrouble("silence")
