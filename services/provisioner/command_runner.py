"""Gives each command its one attempt: intent, call, look-up if nobody knows what came of it, and then the answer."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from services.provisioner.commands import Change, Command, Kind, Kinds
from services.provisioner.domain.accounts import Refusal
from services.provisioner.ports import Refused
from services.provisioner.store_commands import CommandStore, wrong_state
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import Outcome
from shared.db.leases import LeaseLost, Leases
from shared.errors import Retryable, Unknown
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger
from shared.observability.tracing import trace

log = get_logger(__name__)

MIN_WAIT_SECONDS = 0.2
SILENT = Refusal("provider_unavailable", "The provider did not answer in time; the account is as it was.", {})


class CommandRunner:
    """Runs claimed commands; one that could not be done within `patience_seconds` is answered and given up."""

    def __init__(
        self,
        store: CommandStore,
        kinds: Kinds,
        leases: Leases[Command],
        random: Random,
        announce: Callable[[], None],
        *,
        patience_seconds: float,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._leases = leases
        self._random = random
        self._announce = announce
        self._patience_seconds = patience_seconds

    async def run(self, command: Command) -> None:
        """Bring a command to its answer, or give it up until it is due again."""
        request = command.request
        with trace(request.traceparent, request.request_id), self._leases.holding(command.token):
            try:
                await self._attempt(command, self._kinds[type(request.data)])
                self._announce()
            except LeaseLost:
                log.info("lease_lost", request_id=str(command.request_id))

    async def _attempt(self, command: Command, kind: Kind) -> None:
        refusal = self._refusal(command, kind)
        if refusal is None and kind.calls(command) and not command.has_intent:
            refusal = await self._store.intend(command, kind.makes(command))
        if refusal is not None:
            await self._store.refuse(command, refusal, Outcome.REFUSED)
            return
        try:
            change = await self._call(command, kind) if kind.calls(command) else await kind.do(command)
        except Refused as error:
            refusal = Refusal(error.code, str(error), {})
            await self._store.refuse(command, refusal, Outcome.FAILED, is_doubtful=command.has_intent)
        except Retryable as error:
            await self._later(command, error)
        else:
            if change is None:
                await self._store.refuse(command, SILENT, Outcome.FAILED, is_doubtful=True)
            elif kind.is_in_force(command):
                await self._store.leave(command, change)
            else:
                await self._store.conclude(command, change)

    def _refusal(self, command: Command, kind: Kind) -> Refusal | None:
        """Say why the account cannot be changed; a call that may have been made is not judged a second time."""
        status = command.account.status
        if status is not AccountStatus.PROVISIONED:
            return wrong_state(status.value)
        return None if command.has_intent else kind.refuse(command)

    async def _call(self, command: Command, kind: Kind) -> Change | None:
        """Have a provider do its part; None if nobody knew what came of it and a look-up shows that it did nothing.

        A crash may have come before the call as well as after it. So a call that left no trace is then made.
        """
        self._leases.require(command.token)
        if command.has_intent:
            found = await kind.adopt(command)
            if found is not None:
                return found
        failpoint("provisioner.command.before_call")
        try:
            change: Change | None = await kind.do(command)
        except Unknown:
            change = await self._looked_up(command, kind)
        failpoint("provisioner.command.after_call")
        return change

    async def _looked_up(self, command: Command, kind: Kind) -> Change | None:
        try:
            return await kind.adopt(command)
        except Retryable as error:
            raise _LookUpFailed("Nobody knows what came of the call.", code=error.code) from None

    async def _later(self, command: Command, error: Retryable) -> None:
        """Wait for a provider that did nothing, or for a look-up; past the patience that is the answer."""
        wait = error.retry_after
        if wait is None:
            wait = self._random.uniform(MIN_WAIT_SECONDS, 2 * MIN_WAIT_SECONDS + command.age_seconds / 4)
        log.info("command_postponed", request_id=str(command.request_id), code=error.code)
        is_unresolved = command.has_intent or isinstance(error, _LookUpFailed)
        if command.age_seconds + wait > self._patience_seconds:
            await self._store.refuse(command, SILENT, Outcome.FAILED, is_doubtful=is_unresolved)
            return
        await self._store.postpone(command, wait, has_intent=is_unresolved)


class _LookUpFailed(Retryable):
    """A call may have been made, and the look-up did not come off."""
