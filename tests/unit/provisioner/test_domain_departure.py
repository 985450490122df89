"""How often a name is looked at whose claim is given up while its accounts are not gone."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.provisioner.backoff import CAP_SECONDS
from services.provisioner.domain_removal import Commands, Remover
from services.provisioner.domain_saga import WAITS_FOR_ACCOUNTS, DomainSaga
from services.provisioner.domain_work import AccountsLeft, Lease, NameWork
from shared.clock import SystemClock
from shared.contracts.domains import DomainStatus
from tests.unit.provisioner.test_domain_decisions import claim

LEASE = Lease("d.example", claim().id)


class LongestWait(Random):
    """Draws the longest wait each time."""

    def uniform(self, a: float, b: float) -> float:
        return b


class OneName:
    """A name whose claim is given up, as store and as departures."""

    def __init__(self, left: AccountsLeft) -> None:
        self.left = left
        self.work = NameWork(
            domain="d.example",
            is_registered=True,
            has_intent=True,
            asked_at=None,
            attempts=0,
            claims=[claim(DomainStatus.DELETING)],
            doubtful_since=None,
            look_ups=0,
            requests=[],
            shown={},
        )
        self.waits: list[float | None] = []
        self.why: str | None = None

    async def load(self, _: Lease) -> NameWork:
        return self.work

    async def delete_accounts(self, *_: Any) -> AccountsLeft:
        return self.left

    async def release(
        self, _: Lease, *, due_in: float | None, attempts: int = 0, error_code: str | None = None
    ) -> None:
        self.work = replace(self.work, attempts=attempts)
        self.waits.append(due_in)
        self.why = error_code


def saga_of(name: OneName) -> DomainSaga:
    store, nobody, clock = cast("Any", name), cast("Any", SimpleNamespace()), SystemClock()
    return DomainSaga(
        store,
        Commands(store, store, clock, first_check_seconds=600.0),
        nobody,
        nobody,
        nobody,
        Remover(store, store, nobody, nobody, clock, sweep_seconds=()),
        clock,
        renew_seconds=60.0,
        random=LongestWait(),
    )


async def test_a_name_that_waits_for_others_is_looked_at_ever_less_often_up_to_a_bound() -> None:
    name = OneName(AccountsLeft.GOING)
    saga = saga_of(name)

    for _ in range(8):
        await saga.run(LEASE)

    assert name.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, CAP_SECONDS, CAP_SECONDS]
    assert name.why == WAITS_FOR_ACCOUNTS


@pytest.mark.parametrize("looks", [1, 3])
async def test_a_name_with_accounts_that_nobody_told_yet_goes_on_at_once(looks: int) -> None:
    name = OneName(AccountsLeft.GOING)
    saga = saga_of(name)
    for _ in range(looks):
        await saga.run(LEASE)
    name.left = AccountsLeft.UNTOLD

    await saga.run(LEASE)

    assert name.waits[-1] == 0.0
    assert (name.work.attempts, name.why) == (0, None)
