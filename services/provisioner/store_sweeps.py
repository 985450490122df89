"""The look-ups for effects that may land late: when each is due, and what is known of the step it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.provisioner.domain.sagas import StepOutcome
from services.provisioner.saga_rows import load
from shared.clock import Ids
from shared.contracts.accounts import AccountState, Step
from shared.db.pool import Pool

CLAIM = """
    update sweep set lease_token = $1, leased_until = now() + make_interval(secs => $3)
    where (account_id, step) in (
        select account_id, step from sweep
        where due_at <= now() and (leased_until is null or leased_until < now())
        order by due_at limit $2 for update skip locked
    )
    returning account_id, step, look_ups
"""
LOOKED = """
    update sweep set look_ups = $4, lease_token = null, leased_until = null,
        due_at = doubtful_since + make_interval(secs => $5)
    where account_id = $1 and step = $2 and lease_token = $3
"""
AGAIN = """
    update sweep set lease_token = null, leased_until = null, due_at = now() + make_interval(secs => $4)
    where account_id = $1 and step = $2 and lease_token = $3
"""
DONE = "delete from sweep where account_id = $1 and step = $2 and lease_token = $3"
LEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """One look for what may have landed late; `kept` is what is known to be there by right."""

    account: AccountState
    step: Step
    token: UUID
    look_ups: int
    is_kept: bool
    key_id: str | None


class SweepStore:
    """The sweeps of this service; `delays` are the seconds after which each look-up is due."""

    def __init__(self, pool: Pool, ids: Ids, delays: Sequence[float]) -> None:
        self._pool = pool
        self._ids = ids
        self._delays = delays

    async def claim(self, limit: int) -> list[Sweep]:
        """Lease up to `limit` due sweeps."""
        token = self._ids.new()
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(CLAIM, token, limit, LEASE_SECONDS)
            sagas = {
                saga.account.account_id: saga
                for saga in await load(connection, [row["account_id"] for row in rows])
            }
        sweeps = []
        for row in rows:
            saga, step = sagas[row["account_id"]], Step(row["step"])
            record = saga.record(step)
            sweeps.append(
                Sweep(
                    account=saga.account,
                    step=step,
                    token=token,
                    look_ups=row["look_ups"],
                    is_kept=record.outcome is StepOutcome.DONE,
                    key_id=record.reference.get("key_id"),
                )
            )
        return sweeps

    async def looked(self, sweep: Sweep) -> None:
        """Schedule the next look-up, or end the sweep after the last."""
        looks = sweep.look_ups + 1
        place = (sweep.account.account_id, sweep.step.value, sweep.token)
        if looks < len(self._delays):
            await self._pool.execute(LOOKED, *place, looks, self._delays[looks])
        else:
            await self._pool.execute(DONE, *place)

    async def again(self, sweep: Sweep, wait_seconds: float) -> None:
        """Repeat a look-up that did not come off."""
        await self._pool.execute(AGAIN, sweep.account.account_id, sweep.step.value, sweep.token, wait_seconds)
