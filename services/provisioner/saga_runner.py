"""Drives one saga as far as it goes: intent, call, outcome, step by step, forward or back, while its lease is held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from services.provisioner.account_saga import Action, Effect
from services.provisioner.backoff import backoff_seconds
from services.provisioner.domain import saga_back, saga_forward
from services.provisioner.domain.sagas import Change, Direction, Saga, StepOutcome
from services.provisioner.ports import AddressLost, MailboxNotReady, Names, OperatorFault, Refused
from services.provisioner.saga_rows import SagaWrite
from shared.clock import event_time
from shared.contracts.accounts import AccountFact, Credential, Failure, Naming, Step
from shared.contracts.envelope import Recorded
from shared.db.leases import LeaseLost, Leases
from shared.errors import Retryable, Unknown
from shared.http.errors import ProviderThrottled
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)

SPREAD_SECONDS = 0.5
"""Sagas that were told to wait for the same instant come back this far apart."""

FIRST_CREDENTIAL = "default"
"""The name of the credential that an account is made with."""
OUT_OF_TIME = Failure(
    code="provider_unavailable", message="The provider did not answer in time; nothing was made."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a saga without an inbox is tried, and how often a mailbox may not be ready."""

    deadline_seconds: float
    mailbox_attempts: int


class SagaRunner:
    """Runs claimed sagas; `write` commits one decision and raises `LeaseLost` if it is no longer ours to make."""

    def __init__(
        self,
        actions: Mapping[Step, Action],
        write: Callable[[SagaWrite], Awaitable[None]],
        leases: Leases[Saga],
        names: Names,
        recorder: Recorder,
        limits: Limits,
        random: Random,
    ) -> None:
        self._actions = actions
        self._write = write
        self._leases = leases
        self._names = names
        self._recorder = recorder
        self._limits = limits
        self._random = random

    async def run(self, saga: Saga) -> None:
        """Drive a saga until it is finished, has to wait, or is in other hands."""
        with trace(saga.traceparent, saga.request_id), self._leases.holding(saga.token):
            try:
                moved: Saga | None = saga
                while moved is not None:
                    moved = await (
                        self._forward(moved) if moved.direction is Direction.FORWARD else self._back(moved)
                    )
            except LeaseLost:
                log.info("lease_lost", account_id=str(saga.account.account_id), epoch=saga.epoch)
                await self._leases.let_go(saga.token)

    async def _forward(self, saga: Saga) -> Saga | None:
        """Do the next step and record what came of it."""
        step = saga_forward.open_step(saga)
        if step is None:
            return await self._commit(saga, saga_forward.complete(saga, self._now(saga)))
        if not saga.record(step).has_intent:
            saga = await self._commit(saga, saga_forward.begin(saga, step)) or saga
        failpoint(f"provisioner.{step}.after_intent")
        change, secret = await self._attempt(saga, step)
        failpoint(f"provisioner.{'turn' if change.has_turned else step}.before_outcome")
        try:
            moved = await self._commit(saga, change, secret)
        except AddressLost:
            return saga
        failpoint(f"provisioner.{'turn' if change.has_turned else step}.after_outcome")
        return moved

    async def _attempt(self, saga: Saga, step: Step) -> tuple[Change, str | None]:
        """Have the step's effect, or find it, and say what that comes to."""
        try:
            effect = await self._have_effect(saga, step)
        except Refused as error:
            failure = Failure(code=error.code, message=str(error))
            self._note(saga, step, "step_refused", error.code)
            if error.code == "address_taken" and saga.naming is not Naming.EXACT:
                return await self._move_on(saga), None
            return saga_forward.refuse(saga, step, failure, self._now(saga)), None
        except Unknown as error:
            self._note(saga, step, "step_unknown", error.code)
            return saga_forward.doubt(saga, step, self._wait(saga), error.code), None
        except Retryable as error:
            self._note(saga, step, "step_postponed", error.code)
            return self._after_nothing(saga, step, error), None
        fields, now = effect.fields, self._now(saga)
        if effect.secret is not None:
            credential = Credential(id=self._recorder.ids.new(), name=FIRST_CREDENTIAL, created_at=now)
            fields = {**fields, "credential_ref": credential.id, "credentials": (credential,)}
        return saga_forward.succeed(saga, step, fields, effect.reference, now), effect.secret

    async def _move_on(self, saga: Saga) -> Change:
        """Go on with the next name that is free, if the account may have another (S2-19)."""
        name = await self._names.next_free(saga_forward.names_left(saga), saga.account.domain)
        at = self._now(saga)
        return saga_forward.no_name_left(saga, at) if name is None else saga_forward.move_on(saga, name, at)

    async def _have_effect(self, saga: Saga, step: Step) -> Effect:
        action, record = self._actions[step], saga.record(step)
        self._leases.require(saga.token)
        if record.outcome is StepOutcome.UNKNOWN:
            found = await action.adopt(saga.account)
            if found is not None:
                return found
        failpoint(f"provisioner.{step}.before_call")
        effect = await action.do(saga.account, is_repeat=record.outcome is StepOutcome.UNKNOWN)
        failpoint(f"provisioner.{step}.after_call")
        return effect

    def _after_nothing(self, saga: Saga, step: Step, error: Retryable) -> Change:
        """Decide what a call that did nothing comes to: another try, or the end of trying."""
        failure = Failure(code="provider_refused", message=str(error))
        if isinstance(error, MailboxNotReady):
            tries = int(saga.record(step).reference.get("tries", 0)) + 1
            if tries >= self._limits.mailbox_attempts:
                return saga_forward.refuse(saga, step, failure, self._now(saga))
            reference = {"tries": tries}
            return saga_forward.postpone(
                saga, step, self._wait(saga), error.code, counts=True, reference=reference
            )
        can_end = saga_forward.can_end(saga, step)
        if can_end and isinstance(error, OperatorFault):
            return saga_forward.refuse(saga, step, failure, self._now(saga))
        if can_end and saga.age_seconds > self._limits.deadline_seconds:
            return saga_forward.give_up(saga, step, OUT_OF_TIME, self._now(saga))
        if isinstance(error, OperatorFault):
            log.error("provider_misconfigured", step=step.value)
        wait = self._wait(saga)
        if error.retry_after is not None:
            wait = error.retry_after + self._random.uniform(0.0, SPREAD_SECONDS)
        return saga_forward.postpone(
            saga, step, wait, error.code, counts=not isinstance(error, ProviderThrottled)
        )

    async def _back(self, saga: Saga) -> Saga | None:
        """Undo the latest effect, confirm that it is gone, and record that."""
        step = saga_back.step_to_undo(saga)
        if step is None:
            return await self._commit(saga, saga_back.nothing_left(saga, self._now(saga)))
        self._leases.require(saga.token)
        action, reference = self._actions[step], saga.record(step).reference
        try:
            failpoint(f"provisioner.undo_{step}.before_call")
            await action.undo(saga.account, reference)
            is_gone = await action.is_gone(saga.account, reference)
            failpoint(f"provisioner.undo_{step}.after_call")
        except (Refused, Unknown, Retryable) as error:
            wait = error.retry_after if isinstance(error, Retryable) else None
            self._note(saga, step, "undo_postponed", error.code)
            return await self._commit(
                saga, saga_back.postpone_undo(saga, wait or self._wait(saga), error.code)
            )
        if not is_gone:
            return await self._commit(saga, saga_back.postpone_undo(saga, self._wait(saga), "still_there"))
        moved = await self._commit(saga, saga_back.undone(saga, step, self._now(saga)))
        failpoint(f"provisioner.undo_{step}.after_outcome")
        return moved

    async def _commit(self, before: Saga, change: Change, secret: str | None = None) -> Saga | None:
        """Write a decision with its events; return the saga to go on with, None if it is finished or waits."""
        saga, events = change.saga, []
        for fact in change.facts:
            event = self._event(saga, fact)
            events.append(event)
            saga = replace(saga, version=saga.version + 1, last_event_id=event.id, last_event_time=event.time)
        saga = replace(saga, revision=saga.revision + 1)
        await self._write(SagaWrite(before, replace(change, saga=saga), tuple(events), secret))
        return None if change.is_finished or change.wait_seconds is not None else saga

    def _event(self, saga: Saga, fact: AccountFact) -> Recorded:
        return self._recorder.event(
            fact,
            subject=saga.account.account_id,
            tenant_id=saga.account.tenant_id,
            workspace_id=saga.account.workspace_id,
            sequence=saga.version + 1,
            request_id=saga.request_id,
            causation_id=saga.last_event_id,
            traceparent=saga.traceparent,
            after=saga.last_event_time,
        )

    def _now(self, saga: Saga) -> datetime:
        return event_time(self._recorder.clock.now(), saga.last_event_time)

    def _wait(self, saga: Saga) -> float:
        return backoff_seconds(saga.attempts, self._random)

    def _note(self, saga: Saga, step: Step, what: str, code: str) -> None:
        log.info(
            what, account_id=str(saga.account.account_id), step=step.value, code=code, attempts=saga.attempts
        )
