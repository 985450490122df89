"""The worker's part in sending a message: intent, call, look-up, outcome and answer; one call under one key, whatever dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.threads.domain.sending import (
    Again,
    Decision,
    Failed,
    Jitter,
    Look,
    Patience,
    Post,
    Sending,
    Sent,
    Unresolved,
)
from services.threads.fail_points import SEND
from services.threads.handlers.conclude_message import conclude
from services.threads.letters import Letters, label_of, message_id_of
from services.threads.ports import InboxGone, KeyInUse, NotReady, OperatorFault, Postbox, Refused
from services.threads.store_sending import DueMessage, SendingDesk
from shared.contracts.accounts import Failure
from shared.contracts.threads import MessageStatus
from shared.db.leases import LeaseLost, Leases
from shared.errors import Retryable, Unknown
from shared.messaging.recorder import Recorder
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SendMessages:
    """Hands due messages over to the provider; `announce` is called after each commit that recorded events."""

    desk: SendingDesk
    leases: Leases[DueMessage]
    postbox: Postbox
    letters: Letters
    recorder: Recorder
    patience: Patience
    jitter: Jitter
    announce: Callable[[], None]

    async def run(self, due: DueMessage) -> None:
        """Carry a message to its outcome, or put it off with what is known by then."""
        message = due.message
        with trace(message.traceparent, message.request_id), self.leases.holding(due.token):
            try:
                failpoint(f"{SEND}.after_intent")
                decision = await self._decide(due)
                if isinstance(decision, Again):
                    await self.desk.put_back(due, decision)
                    return
                await self._conclude(due, decision)
            except LeaseLost:
                log.info("lease_lost", message_id=str(message.id))
                return
        self.announce()

    async def _decide(self, due: DueMessage) -> Decision:
        rules = Sending(due.message, self.recorder.clock.now(), self.patience, self.jitter)
        content = await self.desk.content(due.message)
        step: Post | Look | Decision = rules.first_step(due.inbox_id, content, is_ready=due.is_ready)
        if isinstance(step, Post):
            step = await self._post(due, step, rules)
        if isinstance(step, Look):
            step = await self._look(due, rules, step.refusal)
        return step

    async def _post(self, due: DueMessage, step: Post, rules: Sending) -> Decision | Look:
        try:
            letter = await self.letters.compose(due.message, step.content)
            self.leases.require(due.token)
            failpoint(f"{SEND}.before_call")
            posted = await self.postbox.post(step.inbox_id, letter)
            failpoint(f"{SEND}.after_call")
            return Sent(posted.message_id, posted.thread_id)
        except KeyInUse:
            return await self._look(due, rules, None)
        except Unknown as error:
            log.info("send_unanswered", message_id=str(due.message.id), code=error.code)
            return rules.later(is_unanswered=True)
        except Refused as error:
            return rules.refused(Failure(code=error.code, message=str(error)))
        except NotReady:
            return rules.not_ready()
        except Retryable as error:
            tell = log.error if isinstance(error, OperatorFault) else log.info
            tell("send_postponed", message_id=str(due.message.id), code=error.code)
            return rules.later(error.retry_after)

    async def _look(self, due: DueMessage, rules: Sending, refusal: Failure | None) -> Decision:
        """Ask the inbox; without a refusal it is certain that a call was made, and an absent message is still to come."""
        message, is_unanswered = due.message, refusal is None
        if due.inbox_id is None:
            return rules.inbox_gone()
        try:
            found = await self.postbox.find(due.inbox_id, label_of(message), message_id_of(message))
        except InboxGone:
            return rules.inbox_gone()
        except Retryable as error:
            return rules.look_up_failed(error.retry_after, is_unanswered=is_unanswered)
        if found is not None:
            return Sent(found.message_id, found.thread_id)
        return rules.later(is_unanswered=True) if refusal is None else rules.absent(refusal)

    async def _conclude(self, due: DueMessage, outcome: Sent | Failed | Unresolved) -> None:
        """Record the outcome with its fact and the request's answer; whoever lost the lease records nothing."""
        async with self.desk.transaction() as store:
            thread = await store.thread(due.message.thread_id)
            message = await store.message(due.message.id)
            if thread is None or message is None or message.lease_token != due.token:
                raise LeaseLost("The message is somebody else's.")
            if message.status is not MessageStatus.QUEUED:
                raise LeaseLost("The message has its outcome.")
            await conclude(store, self.recorder, thread, message, outcome)
            failpoint(f"{SEND}.before_commit")
        failpoint(f"{SEND}.after_commit")
        metrics.MAIL_LEFT.labels(type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Unresolved):
            log.error("message_outcome_unknown", message_id=str(due.message.id), code=outcome.failure.code)
