"""The gateway's projector behind a real broker: another service's facts become rows, also when a record is poison for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from services.gateway.projection import fold_account
from services.gateway.rebuild import rebuild
from services.gateway.subscribers import TOPICS
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import AccountStatus
from shared.contracts.envelope import Recorded
from shared.db.pool import Pool, connect, create_pool
from shared.messaging.batch import Batches
from shared.messaging.broker import KafkaSettings
from shared.messaging.consumer import Consumer
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder
from shared.messaging.relay import Relay
from tests.support.eventually import eventually
from tests.support.gateway_events import account_answer, account_fact, recorded, warmup_fact
from tests.support.gateway_projection import ProjectionSide, projection_side

ACCOUNT = UUID(int=1)
REQUEST = UUID(int=0xF1)


@dataclass
class Running:
    """A provisioner that records and publishes, a gateway that consumes."""

    gateway: ProjectionSide
    provisioner: Pool
    relay: Relay

    async def record(self, *events: Recorded) -> None:
        async with self.provisioner.acquire() as connection, connection.transaction():
            await append(connection, *events)
        self.relay.wake()

    async def kept(self) -> int:
        return int(await self.gateway.worker.fetchval("select count(*) from event"))


@pytest.fixture
async def running(database_url: str, kafka: KafkaSettings) -> AsyncIterator[Running]:
    provisioner = await create_pool(
        database_url, schema="provisioner", role="mailwright_provisioner", application="test"
    )
    relay = Relay(
        "provisioner",
        partial(
            connect, database_url, schema="provisioner", role="mailwright_provisioner", application="test"
        ),
        kafka,
    )
    async with provisioner, projection_side(database_url) as gateway:
        project = gateway.projector.on_events
        recorder = Recorder(SystemClock(), RandomIds())
        consumer = Consumer(
            "gateway",
            gateway.worker,
            kafka,
            TOPICS,
            Batches("gateway", gateway.worker, project, recorder, frozenset()),
            project,
            after_commit=gateway.projector.after_commit,
        )
        tasks = [asyncio.create_task(run) for run in (relay.run(), consumer.run())]
        try:
            yield Running(gateway, provisioner, relay)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_facts_published_by_their_owner_become_rows_and_answers(
    running: Running, database_url: str
) -> None:
    await running.gateway.open_request(REQUEST, ACCOUNT)

    await running.record(
        account_fact(ACCOUNT, 1),
        account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED),
        warmup_fact(ACCOUNT, 1),
        account_answer(REQUEST, ACCOUNT, {"account": 2, "warmup": 1}),
    )

    answer = await eventually(lambda: running.gateway.response(REQUEST))
    assert answer is not None
    assert answer["status"] == "warming"
    assert await running.kept() == 4
    await eventually(lambda: running.gateway.told == [REQUEST])
    assert (await rebuild(database_url, is_swapped=False)).is_identical


@pytest.mark.promise("R18", "R23", "I7")
async def test_a_poison_record_stops_nobody_and_counts_once_it_is_cured(
    running: Running, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = account_fact(ACCOUNT, 2, AccountStatus.PROVISIONED)
    _sicken(monkeypatch, sick)

    await running.record(account_fact(ACCOUNT, 1), sick, warmup_fact(ACCOUNT, 1))
    await eventually(lambda: _equals(running.kept, 2))
    dead_letters = await running.gateway.worker.fetch("select code from dead_letters")
    assert [row["code"] for row in dead_letters] == ["handler_failed"]

    monkeypatch.undo()
    await running.gateway.worker.execute("update dead_letters set replay_asked_at = now()")

    await eventually(lambda: _equals(running.kept, 3))
    status = await running.gateway.worker.fetchval("select status from account")
    assert status == "warming"
    assert (await rebuild(database_url, is_swapped=False)).is_identical


async def test_a_future_event_type_is_kept_aside_and_the_rest_goes_on(running: Running) -> None:
    class FutureFact(type(account_fact(ACCOUNT, 1).data)):  # type: ignore[misc]
        TYPE = "mailwright.account.renamed.v9"

    known = account_fact(ACCOUNT, 1)
    future = replace(recorded(known.data, ACCOUNT, 2), data=FutureFact(account=known.data.account))  # type: ignore[attr-defined]
    await running.record(future, known)

    await eventually(lambda: _equals(running.kept, 1))
    dead_letters = await running.gateway.worker.fetch("select code from dead_letters")
    assert [row["code"] for row in dead_letters] == ["unknown_type"]


def _sicken(monkeypatch: pytest.MonkeyPatch, sick: Recorded) -> None:
    """Make folding one event a bug."""

    def buggy(row: Any, event: Recorded) -> Any:
        if event.id == sick.id:
            raise LookupError("a bug")
        return fold_account(row, event)

    monkeypatch.setattr("services.gateway.store_projection.fold_account", buggy)


async def _equals(look: Any, expected: int) -> bool:
    return bool(await look() == expected)
