"""A rolling restart as callers meet it: they call through it at a steady pace, and none of them notices."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from itertools import count, cycle
from typing import Self

import httpx
import pytest

from tests.support.callers import Caller
from tests.support.invariants import check_invariants
from tests.support.stack import RunningStack, running_stack

DOMAIN = "rolling.example"
PER_SECOND = 20
ACCOUNTS = "/api/email/accounts"
CALLS = ("create", "list", "read", "list", "create", "history", "list", "read")
PREFER = ("respond-async", "wait=1", "wait=5", None)
SERVICES = ("gateway", "provisioner", "warmup", "threads")


class SteadyCalls:
    """Twenty calls a second, whether or not the ones before are answered; every failure is kept."""

    def __init__(self, stack: RunningStack, domain_id: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=stack.base_url,
            headers={"Authorization": f"Bearer {stack.keys['puffle']}"},
            timeout=60.0,  # twice what a call waits that does not say how long
            limits=httpx.Limits(max_connections=100),
            trust_env=False,
        )
        self._domain_id = domain_id
        self._numbers, self._calls, self._prefer = count(1), cycle(CALLS), cycle(PREFER)
        self._open: set[asyncio.Task[None]] = set()
        self._accepted: list[str] = []
        self.created: list[str] = []
        """The names that were asked for."""
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.failures: list[str] = []
        self.repeated = 0
        """Calls made again because their connection had been closed before any answer."""

    async def __aenter__(self) -> Self:
        self._pace = asyncio.create_task(self._keep_pace())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pace.cancel()
        await asyncio.gather(self._pace, *self._open, return_exceptions=True)
        await self._client.aclose()

    async def _keep_pace(self) -> None:
        began = time.monotonic()
        for number in count(1):
            task = asyncio.create_task(self._call(next(self._calls)))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))

    async def _call(self, what: str) -> None:
        if what == "create":
            await self._create(f"user-{next(self._numbers)}")
        elif what == "list" or not self._accepted:
            await self._send("list", "GET", ACCOUNTS)
        else:
            path = f"{ACCOUNTS}/{self._accepted[-1]}"
            await self._send(what, "GET", f"{path}/history" if what == "history" else path)

    async def _create(self, username: str) -> None:
        body = {
            "username": username,
            "domain_id": self._domain_id,
            "first_name": "Ada",
            "last_name": "Lovelace",
        }
        prefer = next(self._prefer)
        headers = {"Idempotency-Key": f"create {username}@{DOMAIN}", **({"Prefer": prefer} if prefer else {})}
        self.created.append(username)
        got = await self._send("create", "POST", ACCOUNTS, json=body, headers=headers)
        if got is not None and got.status_code in {201, 202}:
            self._accepted.append(got.json()["account"]["id"])

    async def _send(self, what: str, method: str, path: str, **options: object) -> httpx.Response | None:
        try:
            got = await self._once(method, path, options)
        except httpx.HTTPError as error:
            self.failures.append(f"{what}: {error!r}")
            return None
        self.statuses[what, got.status_code] += 1
        if got.status_code not in {200, 201, 202}:
            self.failures.append(f"{what}: {got.status_code} {got.text}")
        return got

    async def _once(self, method: str, path: str, options: dict[str, object]) -> httpx.Response:
        """Make the call; once more if the server closed an idle connection just as the call was sent on it.

        No server can avoid that race, so HTTP (RFC 9110, 9.2.2) and every client library make such a call again by
        themselves; httpx leaves it to its user. The creates carry an Idempotency-Key, so it is safe for them too.
        """
        try:
            return await self._client.request(method, path, **options)  # type: ignore[arg-type]
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            self.repeated += 1
            return await self._client.request(method, path, **options)  # type: ignore[arg-type]


async def restart(stack: RunningStack, *services: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mailwright", "restart", "--data-dir", str(stack.data_dir), *services),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.promise("R20")
async def test_a_rolling_restart_fails_no_call_and_loses_and_repeats_nothing() -> None:
    async with running_stack() as stack, Caller(stack, patience_seconds=60.0) as caller:
        domain_id = await caller.verified_domain(DOMAIN)
        before = stack.pids
        async with SteadyCalls(stack, domain_id) as calls:
            said = await restart(stack)
        assert not calls.failures, calls.failures[:5]
        assert calls.repeated <= len(SERVICES), "connections are closed when they are idle"
        assert calls.statuses.total() >= 2 * PER_SECOND
        assert [line.split()[0] for line in said.splitlines()] == list(SERVICES)
        after = stack.pids
        assert {name for name in before if before[name] != after[name]} == set(SERVICES)
        assert not any("killed" in line for line in stack.said), stack.said

        # The same keys again: each create has had one effect and ends in its one answer.
        answers = await asyncio.gather(
            *(caller.account(username, domain_id, DOMAIN) for username in calls.created)
        )
        evidence = await check_invariants(stack, answers)

    made = Counter(entry["subject"] for entry in evidence.ledger if entry["effect"] == "inbox.created")
    assert made == Counter(f"{username}@{DOMAIN}" for username in calls.created)
    reserved = Counter(event.subject for event in evidence.log if event.kind == "account.reserved")
    assert set(reserved.values()) == {1}
    assert len(reserved) == len(calls.created)


async def test_one_service_can_be_restarted_and_a_stack_that_is_down_cannot() -> None:
    async with running_stack() as stack:
        before = stack.pids
        assert "warmup is new and ready" in await restart(stack, "warmup")
        after = stack.pids
        assert {name for name in before if before[name] != after[name]} == {"warmup"}
        assert "warmup was stopped; starting it again" in stack.said

        await stack.stop()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mailwright", "restart", "--data-dir", str(stack.data_dir)),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert said.decode().startswith("mailwright: gateway does not run in ")
