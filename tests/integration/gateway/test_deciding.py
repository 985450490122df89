"""What the gateway decides by itself: the change and its response are one, whoever repeats the call and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.gateway.dialects.registry import EDGES
from services.gateway.errors import ApiError
from services.gateway.requests.decide import Change, Deciding, decide
from services.gateway.requests.model import StoredResponse
from shared.clock import RandomIds, SystemClock
from shared.contracts.requests import Dialect
from shared.db.pool import Connection
from shared.messaging.recorder import Recorder
from shared.security.vault import MasterKeys
from tests.support.gateway import MASTER_KEYS
from tests.support.gateway_events import CALLER, WORKSPACE
from tests.support.gateway_projection import ProjectionSide, projection_side

RECORDER = Recorder(SystemClock(), RandomIds())
KEYS = MasterKeys.parse(MASTER_KEYS)


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[ProjectionSide]:
    async with projection_side(database_url) as made:
        yield made


def deciding(key: str | None = "k", asked: bytes = b"asked", dialect: Dialect = Dialect.PUFFLE) -> Deciding:
    return Deciding(
        caller=CALLER.model_copy(update={"dialect": dialect}),
        workspace_id=WORKSPACE,
        subject_id=UUID(int=1),
        route="POST /things",
        call_id="call",
        fingerprint=asked,
        policy=EDGES[dialect].idempotency,
        idempotency_key=key,
    )


def making(name: str, *, is_secret: bool = False, refused: bool = False) -> Change:
    """A change that leaves a tenant of this name behind."""

    async def make(connection: Connection) -> StoredResponse:
        await connection.execute(
            "insert into tenant (id, name, owner_id, created_at) values ($1, $2, $1, now())",
            RECORDER.ids.new(),
            name,
        )
        if refused:
            raise ApiError(409, "refused", "No.")
        return StoredResponse(201, {"Location": f"/{name}"}, f"made {name}".encode(), is_secret)

    return make


async def made(side: ProjectionSide) -> list[str]:
    return [row["name"] for row in await side.worker.fetch("select name from tenant order by name")]


async def test_many_calls_with_one_key_change_once_and_get_the_same_response(side: ProjectionSide) -> None:
    calls = [decide(side.worker, RECORDER, KEYS, deciding(), making(f"n{n}")) for n in range(8)]

    answers = await asyncio.gather(*calls)

    (name,) = await made(side)
    assert {(each.status, each.headers["Location"], each.body) for each, _ in answers} == {
        (201, f"/{name}", f"made {name}".encode())
    }
    assert sorted(is_replay for _, is_replay in answers) == [False, *[True] * 7]


async def test_a_call_without_a_key_is_done_each_time(side: ProjectionSide) -> None:
    for name in ("one", "two"):
        await decide(side.worker, RECORDER, KEYS, deciding(None), making(name))

    assert await made(side) == ["one", "two"]
    assert await side.worker.fetchval("select count(*) from request") == 0


async def test_a_refused_change_leaves_nothing_and_keeps_no_key(side: ProjectionSide) -> None:
    with pytest.raises(ApiError, match="No"):
        await decide(side.worker, RECORDER, KEYS, deciding(), making("one", refused=True))

    assert await made(side) == []
    assert await side.worker.fetchval("select count(*) from request") == 0
    _, is_replay = await decide(side.worker, RECORDER, KEYS, deciding(), making("two"))
    assert not is_replay


@pytest.mark.contract("S4-16", "A59")
@pytest.mark.parametrize(
    ("dialect", "status", "code"),
    [
        (Dialect.PUFFLE, 422, "idempotency_mismatch"),
        (Dialect.MYAGENTMAIL, 422, "idempotency_mismatch"),
        (Dialect.SENDMUX, 409, "idempotency_conflict"),
    ],
)
async def test_a_key_used_for_another_call_is_refused_as_the_dialect_has_it(
    side: ProjectionSide, dialect: Dialect, status: int, code: str
) -> None:
    await decide(side.worker, RECORDER, KEYS, deciding(dialect=dialect), making("one"))

    with pytest.raises(ApiError) as refused:
        await decide(side.worker, RECORDER, KEYS, deciding(asked=b"other", dialect=dialect), making("two"))

    assert (refused.value.status, refused.value.code) == (status, code)
    assert await made(side) == ["one"]


@pytest.mark.promise("R32")
@pytest.mark.contract("A45")
async def test_a_secret_response_is_sealed_and_repeated(side: ProjectionSide) -> None:
    await decide(side.worker, RECORDER, KEYS, deciding(), making("one", is_secret=True))

    assert b"made" not in await side.worker.fetchval("select body from request")
    again, is_replay = await decide(side.worker, RECORDER, KEYS, deciding(), making("two"))
    assert (again.body, is_replay) == (b"made one", True)


@pytest.mark.contract("S4-17", "A53")
async def test_a_key_is_free_again_a_day_after_its_first_use(side: ProjectionSide) -> None:
    class Tomorrow(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=24)

    sendmux = deciding(dialect=Dialect.SENDMUX)
    await decide(side.worker, RECORDER, KEYS, sendmux, making("one"))

    _, is_replay = await decide(side.worker, RECORDER, KEYS, sendmux, making("two"))
    assert is_replay
    later = Recorder(Tomorrow(), RandomIds())
    _, is_replay = await decide(side.worker, later, KEYS, sendmux, making("three"))
    assert not is_replay
    assert await made(side) == ["one", "three"]
