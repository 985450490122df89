"""Trouble on our side of the API: providers that hang, a database and a broker that go away, keys that are revoked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    DOMAINS,
    Json,
    Puffle,
    caller,
    effects,
    error_of,
    faulty,
    fresh,
    providers,
    steady,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack, running_stack

LATER = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
async def hurt() -> AsyncIterator[RunningStack]:
    """A stack of this file's own, because its tests break parts of it."""
    async with running_stack(env={"MAILWRIGHT_DOMAIN_POLL_SECONDS": "0.05"}) as running:
        yield running


@pytest.fixture(scope="module")
async def who(hurt: RunningStack) -> AsyncIterator[Puffle]:
    async with caller(hurt, hurt.keys["puffle"]) as puffle:
        yield puffle


@pytest.fixture(scope="module")
def outside(hurt: RunningStack) -> Iterator[Simulated]:
    with providers(hurt) as sim:
        yield sim


@pytest.fixture(scope="module")
async def place(who: Puffle) -> Json:
    return await who.domain()


async def test_what_a_provider_hung_on_is_looked_up_and_finished(
    hanging: httpx.Response, puffle: Puffle, sim: Simulated
) -> None:
    # Another test moves the days on, so that by now it may even have graduated.
    account = await puffle.until(hanging.json()["account"]["id"], "warming", "active", within=60)

    assert effects(sim, account["email_address"]).count("inbox.created") == 1
    assert "inbox.deleted" not in effects(sim, account["email_address"])


async def test_a_provider_that_asks_to_wait_is_waited_for(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("throttled")
    address = f"{name}@{domain['domain']}"

    with faulty(
        sim, "instantly", "accounts.create", "status", status=429, retry_after=1, match=address, times=2
    ):
        account = await puffle.account(name, domain)

    assert account["status"] == "warming"
    assert effects(sim, address).count("sender.created") == 1


@contextmanager
def no_database(stack: RunningStack) -> Iterator[None]:
    """Kill the database and keep it from starting again until the block ends."""
    version = stack.data_dir / "postgres" / "PG_VERSION"
    hidden = version.with_name("PG_VERSION.hidden")
    version.rename(hidden)
    try:
        stack.kill("postgres")
        yield
    finally:
        hidden.rename(version)


async def test_without_the_database_calls_are_a_503_and_nothing_is_half_done(
    hurt: RunningStack, who: Puffle, place: Json, outside: Simulated
) -> None:
    name, key = fresh("unlucky"), {"Idempotency-Key": fresh("key")}
    account = await who.account(fresh("before"), place)

    with no_database(hurt):
        await eventually(lambda: is_ready(hurt, expected=False))
        for answer in (
            await who.create(name, place, key),
            await who.http.get(ACCOUNTS),
            await who.http.get(f"{ACCOUNTS}/{account['id']}"),
            await who.http.post(DOMAINS, json={"domain": f"{fresh('d')}.example"}),
            await who.retry(account["id"]),
            await who.delete(account["id"]),
            await who.http.get(f"{ACCOUNTS}/warmup-analytics"),
            await who.http.get("/api/senders"),
        ):
            assert (answer.status_code, error_of(answer)) == (503, "service_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            for inside in ("postgres", "asyncpg", "Traceback", "select"):
                assert inside not in answer.text

    await eventually(lambda: is_ready(hurt, expected=True), within=90)
    listed = (await who.http.get(ACCOUNTS)).json()["accounts"]
    assert all(not each["email_address"].startswith(f"{name}@") for each in listed)
    assert not effects(outside, f"{name}@{place['domain']}")
    again = await who.create(name, place, key)
    assert again.status_code == 201, again.text
    assert effects(outside, f"{name}@{place['domain']}").count("inbox.created") == 1
    assert steady(await who.read(account["id"])) == steady(account)


async def is_ready(stack: RunningStack, *, expected: bool) -> bool:
    """Whether every service says that it is ready, or the gateway says that it is not."""
    async with httpx.AsyncClient(base_url=stack.base_url, timeout=30.0, trust_env=False) as http:
        return ((await http.get("/health/ready")).status_code == 200) is expected


async def test_without_the_broker_requests_are_accepted_and_done_once_it_is_back_empty(
    hurt: RunningStack, who: Puffle, place: Json, outside: Simulated
) -> None:
    names = [fresh("brokerless") for _ in range(5)]
    pid = hurt.kill("broker", signal.SIGSTOP)

    answers = await asyncio.gather(*(who.create(name, place, LATER) for name in names))
    assert [answer.status_code for answer in answers] == [202] * 5
    for answer in answers:
        assert (await who.read(answer.json()["account"]["id"]))["status"] == "provisioning"
    os.kill(pid, signal.SIGKILL)

    for name, answer in zip(names, answers, strict=True):
        await who.until(answer.json()["account"]["id"], "warming", within=120)
        assert effects(outside, f"{name}@{place['domain']}").count("inbox.created") == 1


async def test_a_revoked_key_and_a_key_without_the_scope_open_nothing(
    hurt: RunningStack, who: Puffle, place: Json
) -> None:
    reader = await keys(
        hurt, "create", "--dialect", "puffle", "--tenant", "Keys", "--workspace", "One", "--scope", "accounts:read"
    )  # fmt: skip
    async with caller(hurt, reader) as puffle:
        assert (await puffle.http.get(ACCOUNTS)).status_code == 200
        forbidden = await puffle.create("ada", place)
        assert (forbidden.status_code, error_of(forbidden)) == (403, "forbidden")

        await keys(hurt, "revoke", reader.split("_")[2])
        revoked = await puffle.http.get(ACCOUNTS)
        assert (revoked.status_code, error_of(revoked)) == (401, "unauthorized")


async def keys(stack: RunningStack, *arguments: str) -> str:
    """Run `mailwright keys` against the stack and return the last word it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mailwright",
        "keys",
        *arguments,
        env={**os.environ, "MAILWRIGHT_DATABASE_URL": stack.database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return (out.decode().split() or [""])[-1]
