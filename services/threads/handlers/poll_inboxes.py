"""Looking through inboxes for mail that no webhook brought: a page at a time, each inbox seldom while webhooks work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import services.threads.fail_points_inbound as points
from services.threads.ports import InboxGone, Listed, Mailbox
from services.threads.store_polls import Poll, PollDesk
from shared.errors import Retryable
from shared.messaging.recorder import Recorder
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

Jitter = Callable[[float, float], float]
"""A number between two."""
PAGE = 100
MOST_PAGES = 10
"""After so many an inbox lets the others go first."""
OVERLAP = timedelta(seconds=120)
"""How far before the cursor a look begins: mail is not always seen in the order of its times."""
LATE = timedelta(seconds=60)
"""Mail that has lain in an inbox for so long should have been brought by the webhook."""
LONGEST_WAIT = 10
"""At most how many times the usual pause trouble makes it."""
RECEIVED_LABEL = "received"


@dataclass(frozen=True, slots=True)
class Pace:
    """How many seconds pass between two looks at an inbox: while webhooks bring its mail, and while they do not."""

    alone: float
    beside_webhooks: float


class PollInboxes:
    """Looks through one inbox after another; `found` follows a commit that put mail aside."""

    def __init__(
        self,
        desk: PollDesk,
        mailbox: Mailbox,
        recorder: Recorder,
        pace: Pace,
        jitter: Jitter,
        found: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._recorder = recorder
        self._pace = pace
        self._jitter = jitter
        self._found = found

    async def claim(self, limit: int) -> Sequence[Poll]:
        """Lease due inboxes."""
        return await self._desk.claim(limit)

    async def run(self, poll: Poll) -> None:
        """Look through an inbox from its cursor on, and say when to look again."""
        try:
            is_through = await self._look(poll)
        except (InboxGone, Retryable) as error:
            # A new inbox is not seen everywhere at once; one that is gone for good loses its row with its account.
            log.info("inbox_not_polled", account_id=str(poll.account_id), code=error.code)
            wait = self._pace.alone * min(2 ** min(poll.failures, 16), LONGEST_WAIT)
            asked = error.retry_after if isinstance(error, Retryable) else None
            await self._put_back(poll, max(wait, asked or 0.0), failures=poll.failures + 1)
        else:
            is_trusted = await self._desk.trusts_webhook()
            wait = self._pace.beside_webhooks if is_trusted else self._pace.alone
            await self._put_back(poll, wait if is_through else 0.0, failures=0)

    async def _put_back(self, poll: Poll, wait_seconds: float, *, failures: int) -> None:
        # Spread, so that inboxes that were overdue together are not due together again.
        wait = wait_seconds * self._jitter(0.75, 1.25)
        await self._desk.put_back(poll, wait, failures=failures)

    async def _look(self, poll: Poll) -> bool:
        """Put aside what is new, page by page; False if there is more."""
        moment, told_until = poll.seen_until - OVERLAP, poll.seen_until
        for _ in range(MOST_PAGES):
            page = await self._mailbox.since(poll.inbox_id, moment, most=PAGE)
            failpoint(f"{points.POLL}.after_call")
            if page and not await self._keep(poll, page):
                return True
            told_until = _tell_of_unreadable(poll, page, told_until)
            if len(page) < PAGE:
                return True
            # Mail of the same instant may lie on both sides of a page's end.
            moment = max(page[-1].at - timedelta(milliseconds=1), moment + timedelta(milliseconds=1))
        return False

    async def _keep(self, poll: Poll, page: Sequence[Listed]) -> bool:
        """Keep a page and move the cursor, in one transaction; False if the lease is lost."""
        arrived = {
            mail.message_id: mail for mail in page if mail.message_id and RECEIVED_LABEL in mail.labels
        }
        now = self._recorder.clock.now()
        async with self._desk.transaction() as store:
            if not await store.hold(poll):
                return False
            new = await store.keep(poll, list(arrived))
            if any(now - arrived[each].at > LATE for each in new):
                await store.missed(self._pace.alone)
            await store.advance(poll, max(poll.seen_until, min(page[-1].at, now)))
            if new:
                failpoint(f"{points.POLL}.before_commit")
        if new:
            self._found()
        return True


def _tell_of_unreadable(poll: Poll, page: Sequence[Listed], told_until: datetime) -> datetime:
    """Count what nobody can read of a page, once though a look begins before the last one's end; returns that end."""
    if unreadable := sum(mail.message_id is None and mail.at > told_until for mail in page):
        log.warning("mail_unreadable", account_id=str(poll.account_id), mails=unreadable)
        metrics.MAIL_ARRIVED.labels("unreadable").inc(unreadable)
    return max(told_until, page[-1].at) if page else told_until
