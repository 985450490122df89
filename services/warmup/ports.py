"""What the handlers of the warmup service need of the outside, in the words of the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from services.warmup.domain.attempts import JobStatus, Sender, SenderStatus, Verdict
from services.warmup.domain.commands import Attempt, Command
from services.warmup.domain.figures import Figures
from services.warmup.domain.health import Mail
from services.warmup.domain.holds import Trouble
from services.warmup.domain.warmup import Warmup
from shared.contracts.answers import AccountRequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.leases import LeaseKeeper
from shared.errors import MailwrightError
from shared.messaging.causes import Cause

BATCH_LIMIT = 100
"""Addresses that one call to the provider may carry."""


class ProviderTrouble(MailwrightError):
    """A question to the provider got no answer; ask again, after `wait_seconds` if it said so."""

    code = "provider_unavailable"

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class WarmupProvider(Protocol):
    """The warmup provider."""

    async def enable(self, addresses: Sequence[str]) -> Verdict:
        """Ask for warmup of up to 100 addresses with one call; every way it can end is a verdict."""
        ...

    async def disable(self, addresses: Sequence[str]) -> Verdict:
        """Ask for the end of the warmup of up to 100 addresses with one call; every way it can end is a verdict."""
        ...

    async def sender(self, address: str) -> Sender | None:
        """Return what the provider shows for an address; None when it does not know it.

        Raises:
            ProviderTrouble: It did not answer.
        """
        ...

    async def job(self, job_id: str) -> JobStatus | None:
        """Return how far a job is; None when the provider has forgotten it.

        Raises:
            ProviderTrouble: It did not answer.
        """
        ...

    async def figures(self, addresses: Sequence[str]) -> Mapping[str, Figures | None]:
        """Return what was counted since warmup began, for those of up to 100 addresses that have data.

        None stands for figures that one address could not be given, while the others were.

        Raises:
            ProviderTrouble: It did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for the attempt under way."""

    request_id: UUID
    cause: Cause


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How an account's own mail fared, what is wrong with its domain, and the number of the day that was judged last."""

    mail: Mail
    domain: Trouble | None
    judged_before: int | None


class DueCommand(NamedTuple):
    """A warmup that a client commanded to change, and the attempt at it."""

    warmup: Warmup
    attempt: Attempt

    @property
    def token(self) -> UUID:
        """Names the lease, which is the warmup's."""
        return self.warmup.token


class WarmupStore(Protocol):
    """Warmups within one transaction."""

    async def add(self, warmup: Warmup) -> bool:
        """Keep a new warmup; False if the account has one."""
        ...

    async def load(self, account_id: UUID) -> Warmup | None:
        """Return a warmup and keep everybody else from changing it until the transaction ends."""
        ...

    async def hold(self, warmup: Warmup) -> bool:
        """Do the same for a leased warmup; False if the lease is lost or the warmup has moved on."""
        ...

    async def replace(self, before: Warmup, after: Warmup) -> bool:
        """Change a warmup and give up its lease, if it is still at `before`'s version and lease (S1-15, S1-16)."""
        ...

    async def add_day(self, day: int, judged: Warmup, status: SenderStatus | None) -> bool:
        """Keep the judgement of one account and day, with what the provider showed; False if that day has one."""
        ...

    async def put_domain(
        self, domain_id: UUID, version: int, *, is_healthy: bool, reason: str | None
    ) -> None:
        """Keep what was heard of a domain, unless something newer is known."""
        ...

    async def trouble_of_domain(self, domain_id: UUID | None) -> Trouble | None:
        """Return what is wrong with a domain; None while it is verified."""
        ...

    async def count_mail(
        self, message_id: UUID, account_id: UUID, sent_at: datetime, *, is_bounced: bool, is_complained: bool
    ) -> None:
        """Count a message that was sent, and whether it came back or was called spam; once for each message."""
        ...

    async def circumstances(self, warmup: Warmup, since: datetime, until: datetime) -> Circumstances:
        """Return what counts for a day beside the provider's word; the mail is that sent between two instants."""
        ...

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before."""
        ...

    async def wait(self, request: Recorded) -> None:
        """Let a retry request wait for the attempt under way."""
        ...

    async def take_waiting(self, account_id: UUID) -> Sequence[Waiting]:
        """Return the retry requests that wait, first come first, and forget them: the caller answers them."""
        ...

    async def command_of(self, account_id: UUID) -> Command | None:
        """Return the command that an attempt is under way for; the warmup must be loaded or held."""
        ...

    async def open_command(
        self, account_id: UUID, command: Command, reason: str | None, due_at: datetime
    ) -> None:
        """Open an attempt at a command; it runs once no attempt to enable is open."""
        ...

    async def wait_for_command(self, request: Recorded) -> None:
        """Let a request wait for the attempt at its command."""
        ...

    async def put_off_command(self, warmup: Warmup, attempt: Attempt, due_at: datetime) -> None:
        """Keep what the attempt at a command has come to, and give up the lease until it goes on."""
        ...

    async def close_command(self, account_id: UUID) -> Sequence[Waiting]:
        """End the attempt at a command, if there is one; return who waits for it: the caller answers them."""
        ...

    async def release(self, warmup: Warmup) -> None:
        """Give up the lease and change nothing else."""
        ...

    async def record(self, *events: Recorded) -> None:
        """Record events."""
        ...

    async def answer(self, cause: Cause, data: AccountRequestAnswered) -> None:
        """Record the one answer of a request."""
        ...


class Work(StrEnum):
    """What can be due for a warmup."""

    ENABLE = "enable"
    FOLLOW = "follow"
    JUDGE = "judge"


class WarmupDesk(LeaseKeeper, Protocol):
    """Where workers get due warmups, transactions to conclude them in, and a way to put them back.

    Each warmup that is claimed has a lease of its own.
    """

    def transaction(self) -> AbstractAsyncContextManager[WarmupStore]:
        """Open a transaction; it commits when the block ends without an exception."""
        ...

    async def claim(
        self, work: Work, limit: int, now: datetime, *, alone: bool | None = None
    ) -> Sequence[Warmup]:
        """Lease what is due; for enabling this commits the intent, and `intent_at` of what is returned is the earlier one.

        `alone` narrows to warmups that must, or need not, have a call of their own.
        """
        ...

    async def claim_commands(self, limit: int, now: datetime) -> Sequence[DueCommand]:
        """Lease warmups whose command is due; this commits the intent, and what is returned bears the earlier one."""
        ...

    async def claim_moved(self, limit: int) -> Sequence[Warmup]:
        """Lease warmups that their domain is to hold, or does not hold any more."""
        ...

    async def bring_forward(self, to: datetime, beyond: datetime) -> None:
        """Let the days be due at one instant that are due at another or later, or were never planned."""
        ...

    async def put_back_command(self, warmup: Warmup, due_at: datetime) -> None:
        """Give up the lease and leave the attempt at the command as the claim left it, the intent included."""
        ...

    async def put_back(self, warmup: Warmup, due_at: datetime) -> None:
        """Give up the lease and leave everything else as the claim left it, the intent included."""
        ...
