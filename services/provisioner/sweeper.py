"""Looks for effects whose calls were given up on and that landed after all; only ours, by their keys, and only those.

A call may be executed long after its connection was cut, so a look-up that finds nothing is not the last word. What is
found for an account that was undone is undone too; of keys that were minted twice the stored one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from services.provisioner.account_saga import Action
from services.provisioner.backoff import backoff_seconds
from services.provisioner.ports import Refused
from services.provisioner.store_sweeps import Sweep, SweepStore
from shared.contracts.accounts import Step
from shared.errors import Retryable, Unknown
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

ATTEMPTS_FOR_LONG_WAITS = 6


class Sweeper:
    """Runs claimed sweeps."""

    def __init__(self, store: SweepStore, actions: Mapping[Step, Action], random: Random) -> None:
        self._store = store
        self._actions = actions
        self._random = random

    async def run(self, sweep: Sweep) -> None:
        """Look once; undo what landed late, and look again later."""
        action = self._actions[sweep.step]
        reference = {"keep": sweep.key_id} if sweep.is_kept else {}
        try:
            if not await action.is_gone(sweep.account, reference):
                await action.undo(sweep.account, reference)
                failpoint("provisioner.sweep.after_call")
                log.warning(
                    "late_effect_undone", account_id=str(sweep.account.account_id), step=sweep.step.value
                )
                await self._store.again(sweep, 0.0)
                return
        except (Refused, Unknown, Retryable) as error:
            log.info("sweep_postponed", step=sweep.step.value, code=error.code)
            await self._store.again(sweep, backoff_seconds(ATTEMPTS_FOR_LONG_WAITS, self._random))
            return
        await self._store.looked(sweep)
