"""Working off what arrives: mail is read, where the report does not hold it, and joins its thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import services.threads.fail_points_inbound as points
from services.threads.domain.arriving import Mishap, receives_threads
from services.threads.handlers.befall_message import befall_message
from services.threads.handlers.receive_mail import Outcome, receive_mail
from services.threads.ports import Mail, Mailbox, Unreadable
from services.threads.ports_inbound import Arrival, ReadReport
from services.threads.store_arrivals import ArrivalDesk, ArrivalStore
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ProviderEventReported
from shared.db.pool import OUTAGE
from shared.errors import Retryable
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.security.webhook_secrets import NOBODY

log = get_logger(__name__)

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 300.0
MOST_CRASHES = 12
"""After so many, which takes about three hours, it is the mail that is at fault, and not the rest of the system."""
PATIENT_ATTEMPTS = 8
"""How often something is looked at that nobody here knows of: the facts that would tell of it may be on their way."""


class WorkArrivals:
    """Works off one arrival after another; `tag` marks warmup's mail, `announce` follows a commit that told something."""

    def __init__(
        self,
        desk: ArrivalDesk,
        mailbox: Mailbox,
        read: ReadReport,
        recorder: Recorder,
        tag: str,
        announce: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._read = read
        self._recorder = recorder
        self._tag = tag
        self._announce = announce

    async def claim(self, limit: int) -> Sequence[Arrival]:
        """Lease due arrivals."""
        claimed = await self._desk.claim(limit)
        if claimed:
            failpoint(f"{points.ARRIVAL}.after_claim")
        return claimed

    async def run(self, arrival: Arrival) -> None:
        """Work off an arrival, or put it back for later; one that crashes the work is given up in the end."""
        try:
            await self._work_off(arrival)
        except OUTAGE:
            raise
        except Exception:
            if await self._desk.crashed(arrival) < MOST_CRASHES:
                raise
            log.exception("mail_given_up", event_id=arrival.event_id)
            async with self._desk.transaction() as store:
                if not await store.hold(arrival):
                    return
                await store.finish(arrival)
            metrics.MAIL_ARRIVED.labels(Outcome.UNREADABLE.value).inc()

    async def _work_off(self, arrival: Arrival) -> None:
        news: Mail | Mishap | Outcome
        try:
            news = await self._news(arrival)
        except Retryable as error:
            log.info("mail_not_read", event_id=arrival.event_id, code=error.code)
            await self._desk.put_back(arrival, error.retry_after or _wait(arrival.attempts))
            return
        except Unreadable as error:
            log.warning("mail_unreadable", event_id=arrival.event_id, reason=str(error))
            news = Outcome.UNREADABLE
        async with self._desk.transaction() as store:
            if not await store.hold(arrival):
                return
            outcome = news if isinstance(news, Outcome) else await self._decide(store, arrival, news)
            if outcome is not Outcome.NOT_YET:
                await store.finish(arrival)
            failpoint(f"{points.ARRIVAL}.before_commit")
        failpoint(f"{points.ARRIVAL}.after_commit")
        if outcome is Outcome.NOT_YET:
            await self._desk.put_back(arrival, _wait(arrival.attempts))
            return
        metrics.MAIL_ARRIVED.labels(outcome.value).inc()
        self._announce()

    async def _news(self, arrival: Arrival) -> Mail | Mishap | Outcome:
        """Return what arrived, whole; or what became of it, if there is nothing to keep.

        Raises:
            Retryable: The provider could not be asked for it.
            Unreadable: What was reported, or is there to be read, is malformed.
        """
        report = await self._desk.report(arrival)
        if report is None:
            if arrival.inbox_id is None or arrival.mail_id is None:
                return Outcome.GONE
            return await self._mailbox.read(arrival.inbox_id, arrival.mail_id) or Outcome.GONE
        news = self._read(arrival.event_type, report)
        if isinstance(news, Mail) and news.text is None and news.html is None:
            # A webhook leaves out what makes it too large.
            return await self._mailbox.read(news.inbox_id, news.message_id) or news
        return news

    async def _decide(self, store: ArrivalStore, arrival: Arrival, news: Mail | Mishap) -> Outcome:
        account = await store.account_at(news.inbox_id.lower())
        if account is None or not receives_threads(account):
            is_early = account is None and arrival.attempts < PATIENT_ATTEMPTS
            return Outcome.NOT_YET if is_early else Outcome.NOBODYS
        if isinstance(news, Mail):
            return await receive_mail(store, self._recorder, account, news, self._tag, _cause_of(arrival))
        outcome = await befall_message(store, self._recorder, account, news, _reported(arrival))
        # Its sending may not be concluded here yet, and then nobody knows what the provider called it.
        is_early = outcome is Outcome.NOBODYS and arrival.attempts < PATIENT_ATTEMPTS
        return Outcome.NOT_YET if is_early else outcome


def _wait(attempts: int) -> float:
    return float(min(FIRST_WAIT_SECONDS * 2 ** min(attempts - 1, 16), LONGEST_WAIT_SECONDS))


def _cause_of(arrival: Arrival) -> Cause | None:
    return None if arrival.cause_id is None else Cause.of(_reported(arrival))


def _reported(arrival: Arrival) -> Recorded:
    """Return the event that told of an arrival as a cause: its id and its time count, its data was worked off."""
    if arrival.cause_id is None or arrival.cause_time is None or arrival.content_ref is None:
        raise ValueError("mail that the poller found was told by nobody")
    return Recorded(
        id=arrival.cause_id,
        subject=arrival.cause_id,
        time=arrival.cause_time,
        tenant_id=NOBODY,
        workspace_id=None,
        data=ProviderEventReported(
            provider=arrival.provider,
            event_id=arrival.event_id,
            event_type=arrival.event_type,
            inbox_id=arrival.inbox_id,
            content_ref=arrival.content_ref,
        ),
    )
