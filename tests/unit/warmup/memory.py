"""The warmup service's store in memory, so that the real handlers run without a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.warmup.domain.attempts import SenderStatus
from services.warmup.domain.commands import Attempt, Command
from services.warmup.domain.health import Mail
from services.warmup.domain.holds import Trouble, domain_trouble
from services.warmup.domain.warmup import AttemptBy, Warmup
from services.warmup.ports import Circumstances, DueCommand, Waiting, Work
from shared.clock import Clock, Ids
from shared.contracts.answers import AccountRequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupHold, WarmupStatus
from shared.messaging.causes import Cause

LEASE_SECONDS = 20.0


class CommitLost(Exception):
    """The transaction did not commit."""


class Seconds:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def now(self) -> datetime:
        return self.instant

    def pass_seconds(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class Numbered:
    """Identifiers that are the same in every run."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


@dataclass(frozen=True)
class OpenCommand:
    """A row of the table `command`."""

    attempt: Attempt
    due_at: datetime
    is_begun: bool = False


@dataclass
class Rows:
    """Everything the service keeps."""

    warmups: dict[UUID, Warmup] = field(default_factory=dict)
    leased_until: dict[UUID, datetime] = field(default_factory=dict)
    days: set[tuple[UUID, int]] = field(default_factory=set)
    retries: dict[UUID, list[Waiting]] = field(default_factory=dict)
    commands: dict[UUID, OpenCommand] = field(default_factory=dict)
    commanders: dict[UUID, list[Waiting]] = field(default_factory=dict)
    domains: dict[UUID, tuple[int, bool, str | None]] = field(default_factory=dict)
    mail: dict[UUID, tuple[UUID, datetime, bool, bool]] = field(default_factory=dict)
    begun: set[UUID] = field(default_factory=set)
    events: list[Recorded] = field(default_factory=list)
    answers: dict[UUID, AccountRequestAnswered] = field(default_factory=dict)

    def copy(self) -> Rows:
        """Return rows of its own for a transaction, which may come to nothing."""
        return Rows(
            dict(self.warmups),
            dict(self.leased_until),
            set(self.days),
            {account_id: list(waiting) for account_id, waiting in self.retries.items()},
            dict(self.commands),
            {account_id: list(waiting) for account_id, waiting in self.commanders.items()},
            dict(self.domains),
            dict(self.mail),
            set(self.begun),
            list(self.events),
            dict(self.answers),
        )


class MemoryStore:
    """`ports.WarmupStore` within one transaction."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    async def add(self, warmup: Warmup) -> bool:
        return self.rows.warmups.setdefault(warmup.account_id, warmup) is warmup

    async def load(self, account_id: UUID) -> Warmup | None:
        return self.rows.warmups.get(account_id)

    async def hold(self, warmup: Warmup) -> bool:
        row = self.rows.warmups[warmup.account_id]
        return (row.version, row.lease_token) == (warmup.version, warmup.lease_token)

    async def replace(self, before: Warmup, after: Warmup) -> bool:
        if not await self.hold(before):
            return False
        self.rows.warmups[before.account_id] = replace(after, lease_token=None)
        self.rows.leased_until.pop(before.account_id, None)
        return True

    async def add_day(self, day: int, judged: Warmup, status: SenderStatus | None) -> bool:
        if (judged.account_id, day) in self.rows.days:
            return False
        self.rows.days.add((judged.account_id, day))
        return True

    async def put_domain(
        self, domain_id: UUID, version: int, *, is_healthy: bool, reason: str | None
    ) -> None:
        if version > self.rows.domains.get(domain_id, (0, True, None))[0]:
            self.rows.domains[domain_id] = (version, is_healthy, reason)

    async def trouble_of_domain(self, domain_id: UUID | None) -> Trouble | None:
        _, is_healthy, reason = self.rows.domains.get(domain_id or UUID(int=0), (0, True, None))
        return None if is_healthy else domain_trouble(reason)

    async def count_mail(
        self, message_id: UUID, account_id: UUID, sent_at: datetime, *, is_bounced: bool, is_complained: bool
    ) -> None:
        before = self.rows.mail.get(message_id, (account_id, sent_at, False, False))
        self.rows.mail[message_id] = (*before[:2], before[2] or is_bounced, before[3] or is_complained)

    async def circumstances(self, warmup: Warmup, since: datetime, until: datetime) -> Circumstances:
        found = [
            each
            for each in self.rows.mail.values()
            if each[0] == warmup.account_id and since <= each[1] < until
        ]
        mail = Mail(len(found), sum(each[2] for each in found), sum(each[3] for each in found))
        days = [day for account_id, day in self.rows.days if account_id == warmup.account_id]
        domain = await self.trouble_of_domain(warmup.domain_id)
        return Circumstances(mail, domain, max(days, default=None))

    async def begin(self, request: Recorded) -> bool:
        assert request.request_id is not None
        is_new = request.request_id not in self.rows.begun
        self.rows.begun.add(request.request_id)
        return is_new

    async def wait(self, request: Recorded) -> None:
        _join(self.rows.retries, request)

    async def take_waiting(self, account_id: UUID) -> Sequence[Waiting]:
        return self.rows.retries.pop(account_id, [])

    async def command_of(self, account_id: UUID) -> Command | None:
        command = self.rows.commands.get(account_id)
        return command.attempt.command if command else None

    async def open_command(
        self, account_id: UUID, command: Command, reason: str | None, due_at: datetime
    ) -> None:
        assert account_id not in self.rows.commands
        attempt = Attempt(command=command, reason=reason, started_at=due_at)
        self.rows.commands[account_id] = OpenCommand(attempt, due_at)

    async def wait_for_command(self, request: Recorded) -> None:
        _join(self.rows.commanders, request)

    async def put_off_command(self, warmup: Warmup, attempt: Attempt, due_at: datetime) -> None:
        self.rows.commands[warmup.account_id] = OpenCommand(attempt, due_at, is_begun=True)
        await self.release(warmup)

    async def close_command(self, account_id: UUID) -> Sequence[Waiting]:
        self.rows.commands.pop(account_id, None)
        return self.rows.commanders.pop(account_id, [])

    async def release(self, warmup: Warmup) -> None:
        await self.replace(warmup, warmup)

    async def record(self, *events: Recorded) -> None:
        self.rows.events += events

    async def answer(self, cause: Cause, data: AccountRequestAnswered) -> None:
        self.rows.answers.setdefault(data.request_id, data)


class MemoryDesk:
    """`ports.WarmupDesk`; `loses` says how many of the next commits come to nothing."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self.rows = Rows()
        self.clock = clock
        self.loses = 0
        self._ids = ids

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryStore]:
        store = MemoryStore(self.rows.copy())
        yield store
        if self.loses:
            self.loses -= 1
            raise CommitLost
        self.rows = store.rows

    async def claim(
        self, work: Work, limit: int, now: datetime, *, alone: bool | None = None
    ) -> Sequence[Warmup]:
        return [
            self._lease(each, now, is_enabling=work is Work.ENABLE)
            for each in list(self.rows.warmups.values())
            if each.due_at is not None
            and each.due_at <= now
            and self._is_free(each, now)
            and _is_for(work, each)
            and (each.attempt_by is not None or each.account_id not in self.rows.commands)
            and alone in {None, each.must_go_alone}
        ][:limit]

    async def claim_commands(self, limit: int, now: datetime) -> Sequence[DueCommand]:
        claimed = []
        for account_id, command in list(self.rows.commands.items()):
            warmup = self.rows.warmups[account_id]
            if command.due_at <= now and warmup.attempt_by is None and self._is_free(warmup, now):
                shown = command.attempt if command.is_begun else replace(command.attempt, started_at=now)
                kept = OpenCommand(replace(shown, intent_at=now), command.due_at, is_begun=True)
                self.rows.commands[account_id] = kept
                claimed.append(DueCommand(self._lease(warmup, now, is_enabling=False), shown))
        return claimed[:limit]

    async def claim_moved(self, limit: int) -> Sequence[Warmup]:
        return [
            self._lease(each, self.clock.now(), is_enabling=False)
            for each in list(self.rows.warmups.values())
            if self._is_free(each, self.clock.now())
            and each.account_id not in self.rows.commands
            and self._has_moved(each)
        ][:limit]

    def _has_moved(self, warmup: Warmup) -> bool:
        _, is_healthy, _ = self.rows.domains.get(warmup.domain_id or UUID(int=0), (0, True, None))
        if is_healthy:
            return warmup.hold is WarmupHold.DOMAIN
        return warmup.hold is None and warmup.is_judged

    async def bring_forward(self, to: datetime, beyond: datetime) -> None:
        for each in list(self.rows.warmups.values()):
            if _is_for(Work.JUDGE, each) and (each.due_at is None or each.due_at >= beyond):
                self.rows.warmups[each.account_id] = replace(each, due_at=to)

    async def put_back_command(self, warmup: Warmup, due_at: datetime) -> None:
        if await MemoryStore(self.rows).replace(warmup, self.rows.warmups[warmup.account_id]):
            command = self.rows.commands[warmup.account_id]
            self.rows.commands[warmup.account_id] = replace(command, due_at=due_at)

    async def put_back(self, warmup: Warmup, due_at: datetime) -> None:
        kept = replace(self.rows.warmups[warmup.account_id], due_at=due_at)
        await MemoryStore(self.rows).replace(warmup, kept)

    async def renew(self, tokens: Sequence[UUID]) -> Collection[UUID]:
        until = self.clock.now() + timedelta(seconds=LEASE_SECONDS)
        ours = {
            each.account_id: each.token for each in self.rows.warmups.values() if each.lease_token in tokens
        }
        self.rows.leased_until.update(dict.fromkeys(ours, until))
        return set(ours.values())

    async def release(self, tokens: Sequence[UUID]) -> None:
        for each in list(self.rows.warmups.values()):
            if each.lease_token in tokens:
                await MemoryStore(self.rows).replace(each, each)

    def _is_free(self, warmup: Warmup, now: datetime) -> bool:
        return self.rows.leased_until.get(warmup.account_id, now) <= now

    def _lease(self, warmup: Warmup, now: datetime, *, is_enabling: bool) -> Warmup:
        leased = replace(warmup, lease_token=self._ids.new())
        kept = leased
        if is_enabling:
            begun = warmup.attempt_started_at or now
            is_first = warmup.attempt_started_at is None
            leased = replace(
                leased,
                attempt_by=warmup.attempt_by or AttemptBy.SERVICE,
                attempt_started_at=begun,
                attempts=warmup.attempts + is_first,
            )
            kept = replace(leased, intent_at=now)
        self.rows.warmups[warmup.account_id] = kept
        self.rows.leased_until[warmup.account_id] = now + timedelta(seconds=LEASE_SECONDS)
        return leased


def _join(waiting: dict[UUID, list[Waiting]], request: Recorded) -> None:
    assert request.request_id is not None
    waiting.setdefault(request.subject, []).append(Waiting(request.request_id, Cause.of(request)))


def _is_for(work: Work, warmup: Warmup) -> bool:
    if work is Work.ENABLE:
        return warmup.status in {WarmupStatus.STARTING, WarmupStatus.NOT_STARTED}
    return warmup.is_judged or warmup.is_watched if work is Work.JUDGE else warmup.is_followed
