"""How many calls a key may make: counted by all processes together, refused in time, and told."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import httpx
import pytest

from services.gateway.errors import ApiError
from services.gateway.security.authenticate import Authenticator, Identity
from services.gateway.security.keys import KeyKind, KeyText, parse_key
from services.gateway.security.rates import WINDOW, Limits, Rate
from shared.clock import SystemClock
from shared.contracts.requests import Dialect
from tests.support.gateway import GatewaySide, Key, gateway_side

ACCOUNTS = "/api/email/accounts"


class MovedClock:
    """A clock that stands still until it is moved; it begins now, because the running gateway forgets windows that are past."""

    def __init__(self) -> None:
        self.instant = SystemClock().now()

    def now(self) -> datetime:
        return self.instant


async def called(authenticator: Authenticator, key: Key, clock: MovedClock) -> Rate | None:
    """Where the key stands after one more call; None if that one was refused."""
    identity: Identity = await authenticator.identify(key.text, Dialect.SENDMUX)
    assert identity.rate is not None
    if identity.rate.made <= identity.rate.limit:
        identity.rate.require(clock.instant)
        return identity.rate
    with pytest.raises(ApiError) as refused:
        identity.rate.require(clock.instant)
    assert (refused.value.status, refused.value.code) == (429, "rate_limit_exceeded")
    left = identity.rate.ends_at - clock.instant
    assert int(refused.value.headers["Retry-After"]) == left.total_seconds()
    return None


async def test_a_window_takes_so_many_calls_and_then_a_new_one_begins(gateway: GatewaySide) -> None:
    clock = MovedClock()
    began = clock.instant
    one, other = (Authenticator(gateway.pool, clock, Limits(sendmux=3, others=0)) for _ in range(2))
    key, neighbour = await gateway.key(kind=KeyKind.TEAM), await gateway.key(kind=KeyKind.TEAM)

    rates = [await called(each, key, clock) for each in (one, other, one)]
    assert [each and each.left for each in rates] == [2, 1, 0]
    assert {each and each.ends_at for each in rates} == {began + WINDOW}
    clock.instant += timedelta(seconds=59)
    assert await called(other, key, clock) is None
    assert await called(other, neighbour, clock) is not None
    clock.instant += timedelta(seconds=1)

    fresh = await called(other, key, clock)
    assert fresh is not None
    assert (fresh.left, fresh.ends_at) == (2, clock.instant + WINDOW)


async def test_calls_at_the_same_moment_are_all_counted(gateway: GatewaySide) -> None:
    clock = MovedClock()
    authenticators = [Authenticator(gateway.pool, clock, Limits(sendmux=20, others=0)) for _ in range(3)]
    key = await gateway.key(kind=KeyKind.TEAM)

    rates = await asyncio.gather(*(called(authenticators[n % 3], key, clock) for n in range(30)))

    assert sorted(each.left for each in rates if each is not None) == list(range(20))


async def test_only_the_holder_of_the_secret_uses_up_the_limit(gateway: GatewaySide) -> None:
    clock = MovedClock()
    authenticator = Authenticator(gateway.pool, clock, Limits(sendmux=3, others=0))
    key = await gateway.key(kind=KeyKind.TEAM)
    real = parse_key(key.text)
    assert real is not None
    forged = KeyText(real.prefix, real.id, "x" * len(real.secret)).reveal()

    for _ in range(5):
        with pytest.raises(ApiError):
            await authenticator.identify(forged, Dialect.SENDMUX)

    rate = await called(authenticator, key, clock)
    assert rate is not None
    assert rate.left == 2


async def test_a_call_too_many_is_refused_in_the_words_of_its_dialect(database_url: str) -> None:
    async with gateway_side(database_url, gateway_calls_per_minute=2) as gateway:
        async with gateway.client(await gateway.key()) as client:
            statuses = [(await client.get(ACCOUNTS)).status_code for _ in range(2)]
            refused = await client.get(ACCOUNTS)
        async with gateway.client(await gateway.key()) as other:
            assert (await other.get(ACCOUNTS)).status_code == 200

    assert statuses == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "x-ratelimit-limit" not in refused.headers


async def test_sendmux_tells_the_limit_on_every_response(gateway: GatewaySide) -> None:
    async with gateway.client() as client:
        unknown: httpx.Response = await client.get("/api/v1/nothing")

    assert unknown.status_code == 404
    assert unknown.headers["x-ratelimit-limit"] == unknown.headers["x-ratelimit-remaining"] == "600"
    assert 0 < int(unknown.headers["x-ratelimit-reset"]) - time.time() <= 61
    assert unknown.headers["cache-control"] == "no-store"
    assert unknown.headers["x-request-id"] == unknown.json()["meta"]["request_id"]
    assert unknown.headers["x-request-id"].startswith("req_")
