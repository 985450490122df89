"""Warmup analytics over real HTTP: the figures as the warmup's facts tell them, and what a key has not been told yet."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from services.gateway.store_markers import ReadMarkers, Standing
from shared.contracts.requests import Caller, Dialect
from shared.contracts.warmups import WarmupDay, WarmupDayRecorded, WarmupStatus
from tests.integration.gateway.test_changes_and_removals import created
from tests.support.gateway import GatewaySide
from tests.support.gateway_events import START, recorded, warmup_state

ANALYTICS = "/api/email/accounts/warmup-analytics"


async def warmed(
    gateway: GatewaySide, request: dict[str, Any], status: WarmupStatus, version: int, **figures: Any
) -> None:
    """Let the provider tell of an account's warmup."""
    account, owner = request["subject_id"], {k: request[k] for k in ("tenant_id", "workspace_id")}
    state = warmup_state(account, status, observed_at=START, **owner, **figures)
    await gateway.project(recorded(WarmupDayRecorded(warmup=state), account, version, **owner))


async def read(api: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read both halves."""
    answer = await api.get(ANALYTICS)
    assert answer.status_code == 200
    assert set(answer.json()) == {"analytics", "transitions"}
    return answer.json()["analytics"], answer.json()["transitions"]


@pytest.mark.contract("S0-47", "S1-32")
async def test_the_figures_are_those_the_provider_last_told(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    request = await created(gateway, api)
    assert await read(api) == ({}, {}), "nothing is told yet"
    days = (
        WarmupDay(date=date(2026, 3, 1), sent=3, received=2, inbox=3),
        WarmupDay(date=date(2026, 3, 2), sent=4, received=3),
    )

    await warmed(
        gateway, request, WarmupStatus.WARMING, 2, total_sent=7, total_received=5, health_score=97.5,
        health_label="Excellent", reputation=88.0, provider_status=1, days=days,
    )  # fmt: skip

    analytics, transitions = await read(api)
    assert analytics[str(request["subject_id"])].pop("age_seconds") > 0
    assert analytics == {
        str(request["subject_id"]): {
            "email": "ada@example.com",
            "total_sent": 7,
            "total_received": 5,
            "health_score": 97.5,
            "health_score_label": "Excellent",
            "warmup_reputation": 88,
            "instantly_warmup_status": 1,
            "daily_data": [
                {"date": "2026-03-01", "sent": 3, "received": 2},
                {"date": "2026-03-02", "sent": 4, "received": 3},
            ],
            "observed_at": "2026-03-01T00:00:00Z",
            "is_stale": True,
        }
    }
    assert transitions == {}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (WarmupStatus.GRADUATED, {"status": "active", "warmup_status": "active"}),
        (WarmupStatus.BANNED, {"status": "error", "warmup_status": "banned"}),
        (WarmupStatus.SUSPENDED, {"status": "error", "warmup_status": "suspended"}),
        (WarmupStatus.PAUSED, {"status": "paused", "warmup_status": "paused"}),
        (WarmupStatus.DISABLED, {"status": "active", "warmup_status": "disabled"}),
    ],
)
async def test_a_transition_is_told_once_to_each_key_with_the_figures_that_led_to_it(
    gateway: GatewaySide, api: httpx.AsyncClient, status: WarmupStatus, shown: dict[str, str]
) -> None:
    request = await created(gateway, api)
    account = str(request["subject_id"])
    async with gateway.client(await gateway.key()) as other:
        await read(api)
        await read(other)
        before = (await api.get(f"/api/email/accounts/{account}")).json()
        events = len(await gateway.events())
        await warmed(gateway, request, status, 2, total_sent=210)

        for caller in (api, other):
            analytics, transitions = await read(caller)
            assert transitions == {account: shown}
            assert analytics[account]["total_sent"] == 210
            analytics, transitions = await read(caller)
            assert transitions == {}
            assert (account in analytics) is (status is WarmupStatus.GRADUATED)

    assert len(await gateway.events()) == events, "reading asks nobody for anything"
    assert before["account"]["status"] == "warming"


async def test_whoever_never_read_is_told_where_a_warmup_led_and_not_how_it_stands(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    request = await created(gateway, api, WarmupStatus.NOT_STARTED)
    assert await read(api) == ({}, {}), "a warmup that has not started has not moved"
    await warmed(gateway, request, WarmupStatus.GRADUATED, 2)

    async with gateway.client(await gateway.key()) as newcomer:
        _, told = await read(newcomer)

    assert told == {str(request["subject_id"]): {"status": "active", "warmup_status": "active"}}


async def test_of_many_reads_at_once_one_is_told(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    request = await created(gateway, api)
    await read(api)
    await warmed(gateway, request, WarmupStatus.GRADUATED, 2)

    told = [transitions for _, transitions in await asyncio.gather(*(read(api) for _ in range(20)))]

    assert sorted(map(len, told)) == [0] * 19 + [1]


async def test_nobody_is_told_of_somebody_elses_accounts(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    request = await created(gateway, api)
    await warmed(gateway, request, WarmupStatus.GRADUATED, 2)

    for stranger in (await gateway.key("Other"), await gateway.key(workspace="Second")):
        async with gateway.client(stranger) as other:
            assert await read(other) == ({}, {})


async def test_the_path_is_nobodys_id(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    async with gateway.client() as nobody:
        assert (await nobody.get(ANALYTICS)).status_code == 401
    for method in ("POST", "PATCH", "DELETE"):
        other = await api.request(method, ANALYTICS)
        assert (other.status_code, other.headers["allow"]) == (405, "GET")
        assert other.json()["code"] == "method_not_allowed"


async def test_a_read_that_looked_too_early_takes_nothing_back_that_another_was_told(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    """Both read at once: the account began between their looks, and the later look is told first."""
    request = await created(gateway, api)
    account, key = request["subject_id"], await gateway.key()
    caller = Caller(
        tenant_id=key.tenant_id,
        workspace_id=key.workspace_id,
        user_id=key.user_id,
        key_id=key.id,
        dialect=Dialect.PUFFLE,
    )
    markers, told = ReadMarkers(gateway.pool), Standing("warming", "warming", 2)

    await markers.advance(caller, {account: told})
    await markers.advance(caller, {})

    assert await markers.advance(caller, {account: told}) == {account: told}
