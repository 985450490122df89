"""A Puffle client as its users write one, and the providers behind as their own records show them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.simulator import HEADERS, Simulated
from tests.support.stack import RunningStack

Json = dict[str, Any]

ACCOUNTS = "/api/email/accounts"
DOMAINS = "/api/email/domains"
GONE = {"success": True}
"""The body of every successful removal."""

ALWAYS = {"error", "code", "request_id"}
EXTRAS = {
    "reason", "burned_at", "status", "warmup_status", "hold", "suspended", "address", "suppressed_at", "limit", "resets_at",
    "existing_thread", "existing_threads",
}  # fmt: skip
"""What every error body has, and what some have besides."""

_numbers = count(1)


def fresh(name: str) -> str:
    """Return a name nothing else of this run has; a scripted prefix keeps its meaning."""
    return f"{name}-{next(_numbers)}"


@dataclass(frozen=True)
class Puffle:
    """One caller of the API."""

    http: httpx.AsyncClient

    async def claim(self, name: str | None = None) -> Json:
        """Claim a domain and return it as it was answered."""
        answer = await self.http.post(DOMAINS, json={"domain": name or f"{fresh('d')}.example"})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["domain"])

    async def domain(self, name: str | None = None) -> Json:
        """Claim a domain and return it once it is verified, the way the reference describes (S0-21)."""
        claimed = await self.claim(name)
        if claimed["status"] != "verified":
            await self.http.post(f"{DOMAINS}/{claimed['id']}/verify")
        return await self.domain_verified(claimed)

    async def domain_verified(self, claimed: Json) -> Json:
        """Poll a claimed domain until it is verified."""
        path = f"{DOMAINS}/{claimed['id']}/verify"

        async def verified() -> Json | None:
            now = (await self.http.post(path, params={"poll": "true"})).json()["domain"]
            assert now["status"] != "failed", now
            return now if now["status"] == "verified" else None

        found = await eventually(verified, what=f"{claimed['domain']} verified")
        assert found
        return found

    async def create(
        self, username: str, domain: Json, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Ask for an account."""
        body = {"username": username, "domain_id": domain["id"], **more}
        return await self.http.post(ACCOUNTS, json=body, headers=headers)

    async def account(self, username: str, domain: Json, **more: Any) -> Json:
        """Ask for an account and return it as the 201 shows it."""
        answer = await self.create(username, domain, **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["account"])

    async def read(self, account_id: str) -> Json:
        """Return an account as it reads now."""
        answer = await self.http.get(f"{ACCOUNTS}/{account_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["account"])

    async def history(self, account_id: str) -> list[Json]:
        """Return every event of an account's life."""
        answer = await self.http.get(f"{ACCOUNTS}/{account_id}/history")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["history"])

    async def events(self, account_id: str) -> list[str]:
        """Return the names of these events, in order."""
        return [str(entry["event"]) for entry in await self.history(account_id)]

    async def until(self, account_id: str, *statuses: str, within: float = 30.0) -> Json:
        """Return an account once it has one of these statuses."""

        async def there() -> Json:
            account = await self.read(account_id)
            assert account["status"] in statuses, account
            return account

        return await eventually(there, within=within)

    async def retry(self, account_id: str) -> httpx.Response:
        """Ask for another attempt to enable an account's warmup."""
        return await self.http.patch(f"{ACCOUNTS}/{account_id}/retry-warmup")

    async def warmup(self, account_id: str, command: str, reason: str | None = None) -> httpx.Response:
        """Pause, resume or disable an account's warmup."""
        body = {"reason": reason} if reason else None
        return await self.http.patch(f"{ACCOUNTS}/{account_id}/{command}-warmup", json=body)

    async def sign(self, account_id: str, signature: str) -> httpx.Response:
        """Change an account's signature."""
        return await self.http.patch(f"{ACCOUNTS}/{account_id}", json={"signature": signature})

    async def delete(self, account_id: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask for the removal of an account."""
        return await self.http.delete(f"{ACCOUNTS}/{account_id}", headers=headers)

    async def progress(self, account_id: str) -> Json:
        """Return where an account's warmup is."""
        answer = await self.http.get(f"{ACCOUNTS}/{account_id}/warmup")
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"warmup"}
        return dict(answer.json()["warmup"])

    async def analytics(self) -> tuple[Json, Json]:
        """Return the figures of all warmups, and what changed since the last look."""
        answer = await self.http.get(f"{ACCOUNTS}/warmup-analytics")
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"analytics", "transitions"}
        return answer.json()["analytics"], answer.json()["transitions"]

    async def stalled(self, sim: Simulated, domain: Json, username: str = "stalled") -> Json:
        """Return an account whose warmup the provider refused once: `pending` and `not_started`."""
        address = f"{(name := fresh(username))}@{domain['domain']}"
        with faulty(sim, "instantly", "warmup.enable", "status", status=400, match=address):
            account = await self.account(name, domain)
        assert (account["status"], account["warmup_status"]) == ("pending", "not_started")
        return account


def steady(account: Json) -> Json:
    """Return an account without the time of its last change: a warmup goes on being confirmed and judged."""
    return {field: value for field, value in account.items() if field != "updated_at"}


@asynccontextmanager
async def caller(stack: RunningStack, key: str | None) -> AsyncIterator[Puffle]:
    """Call the stack's API with a key, or without one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(
        base_url=stack.base_url, headers=headers, timeout=70.0, trust_env=False
    ) as http:
        yield Puffle(http)


@contextmanager
def providers(stack: RunningStack) -> Iterator[Simulated]:
    """Look at the stack's simulated providers and hurt them."""
    with httpx.Client(base_url=stack.simulator_url, headers=HEADERS, timeout=10.0, trust_env=False) as http:
        yield Simulated(stack.simulator_url, http)


@contextmanager
def faulty(sim: Simulated, provider: str, operation: str, kind: str, **more: Any) -> Iterator[str]:
    """Arm a fault for the length of the block, and give its id."""
    fault = sim.fault(provider, operation, kind, **more)
    try:
        yield fault
    finally:
        sim.http.delete(f"/_sim/faults/{fault}")


async def struck(sim: Simulated, fault: str, times: int = 1) -> None:
    """Wait until a fault has struck this often."""
    await eventually(lambda: _struck(sim, fault) >= times, what=f"the fault struck {times} times")


def _struck(sim: Simulated, fault: str) -> int:
    armed: list[Json] = sim.http.get("/_sim/faults").json()["faults"]
    return next(int(each["struck"]) for each in armed if each["id"] == fault)


def effects(sim: Simulated, subject: str) -> list[str]:
    """Return what really happened to an address or a domain at the providers, in order."""
    return [str(entry["effect"]) for entry in sim.ledger() if entry["subject"] == subject]


async def enabled_once(sim: Simulated, address: str) -> bool:
    """Wait until the provider's job has enabled an address's warmup, and see that it did so once."""
    return await eventually(lambda: effects(sim, address).count("warmup.enabled") == 1, what="enabled once")


def calls(sim: Simulated, subject: str, operation: str) -> int:
    """Return how often an operation was called about an address."""
    return sum(call["subject"] == subject for call in sim.calls(operation))


async def asks_nobody(sim: Simulated, act: Callable[[], Awaitable[None]], *subjects: str) -> bool:
    """Tell whether no provider hears of these subjects while `act` runs.

    It runs up to five times: each verified domain is looked at by schedule, every five seconds, which may fall into one.
    """
    for _ in range(5):
        before = _heard(sim, subjects)
        await act()
        if _heard(sim, subjects) == before:
            return True
    return False


def _heard(sim: Simulated, subjects: tuple[str, ...]) -> int:
    return sum(call["subject"] in subjects for call in sim.calls())


def error_of(answer: httpx.Response) -> str:
    """Return the code of an error answer, after checking that it has the dialect's whole shape and nothing more."""
    body: Json = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert set(body) >= ALWAYS, body
    assert set(body) <= ALWAYS | EXTRAS, body
    assert body["error"][0].isupper(), body
    assert body["request_id"] == answer.headers["x-request-id"]
    return str(body["code"])
