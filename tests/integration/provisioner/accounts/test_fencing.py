"""A worker that lost its lease changes nothing any more, and a saga that was left alone is taken over."""

from __future__ import annotations

import pytest

from services.provisioner.domain import saga_forward
from services.provisioner.saga_rows import SagaWrite
from services.provisioner.store_sagas import SagaStore
from shared.contracts.accounts import Step
from shared.db.leases import LeaseLost
from tests.support.account_bench import Bench, recorder
from tests.support.eventually import eventually


def store(bench: Bench, lease_seconds: float = 30.0) -> SagaStore:
    return SagaStore(
        bench.pool,
        recorder,
        bench.context.vault,
        installation="test",
        lease_seconds=lease_seconds,
        sweep_after_seconds=60.0,
    )


@pytest.mark.promise("R04")
async def test_a_lost_lease_fails_its_own_write_and_no_other(bench: Bench) -> None:
    await bench.ask("one")
    await bench.ask("two")
    mine = store(bench, lease_seconds=0.0)
    slow, fast = await mine.claim(2)
    await bench.pool.execute(
        "update saga set leased_until = now() + interval '1 minute' where account_id = $1",
        fast.account.account_id,
    )
    (taken,) = await eventually(lambda: store(bench).claim(1))
    assert taken.account.account_id == slow.account.account_id

    written = await mine.write(
        [SagaWrite(saga, saga_forward.begin(saga, Step.INBOX), ()) for saga in (slow, fast)]
    )

    assert isinstance(written[0], LeaseLost)
    assert written[1] is None
    intents = await bench.pool.fetch("select account_id from saga_step")
    assert [row["account_id"] for row in intents] == [fast.account.account_id]


@pytest.mark.promise("R04")
async def test_a_turned_saga_takes_no_forward_outcome(bench: Bench) -> None:
    await bench.ask("one")
    mine = store(bench)
    (saga,) = await mine.claim(1)
    await bench.pool.execute("update saga set epoch = epoch + 1")

    (written,) = await mine.write([SagaWrite(saga, saga_forward.begin(saga, Step.INBOX), ())])

    assert isinstance(written, LeaseLost)


@pytest.mark.promise("R07")
async def test_a_write_whose_commit_was_in_doubt_does_not_happen_twice(bench: Bench) -> None:
    await bench.ask("one")
    mine = store(bench)
    (saga,) = await mine.claim(1)
    write = SagaWrite(saga, saga_forward.begin(saga, Step.INBOX), ())

    first, again = await mine.write([write]), await mine.write([write])

    assert first == [None]
    assert isinstance(again[0], LeaseLost)


async def test_a_row_that_cannot_be_written_fails_its_own_caller_only(bench: Bench) -> None:
    await bench.ask("one")
    await bench.ask("two")
    mine = store(bench)
    good, bad = await mine.claim(2)
    broken = saga_forward.doubt(bad, Step.INBOX, float("nan"), "x")

    written = await mine.write(
        [SagaWrite(good, saga_forward.begin(good, Step.INBOX), ()), SagaWrite(bad, broken, ())]
    )

    assert written[0] is None
    assert isinstance(written[1], Exception)


async def test_a_lease_outlives_a_call_longer_than_itself(bench: Bench) -> None:
    bench.simulator.fault("instantly", "accounts.create", "slow", delay_seconds=2.0, times=1)
    request = await bench.ask("ada")

    async with bench.working(saga_lease_seconds=1.2), bench.working(saga_lease_seconds=1.2):
        await bench.finished(request)

    assert len(bench.simulator.calls("accounts.create")) == 1
    assert (await bench.facts(request.subject))[-1] == "AccountProvisioned"


async def test_two_workers_share_the_work_and_double_nothing(bench: Bench) -> None:
    requests = [await bench.ask(f"agent{number}") for number in range(20)]

    async with bench.working(), bench.working():
        await bench.finished(*requests)

    for request in requests:
        assert [event.sequence for event in await bench.events(request.subject)] == [1, 2, 3, 4, 5, 6]
    assert len(bench.simulator.ledger("inbox.created")) == 20
    assert len(bench.simulator.ledger("key.created")) == 20


async def test_a_stopped_worker_gives_its_leases_back(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "inboxes.create", "timeout", times=1)
    request = await bench.ask("ada")
    async with bench.working(saga_lease_seconds=60.0):
        await eventually(lambda: bench.simulator.calls("inboxes.create"))

    async with bench.working():
        await bench.finished(request)

    assert (await bench.facts(request.subject))[-1] == "AccountProvisioned"
