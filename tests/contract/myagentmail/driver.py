"""A MyAgentMail client as its users write one, with keys of every kind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

Json = dict[str, Any]

INBOXES = "/v1/inboxes"
DOMAINS = "/v1/domains"
WORKSPACES = "/v1/workspaces"
PLATFORM = "myagentmail.com"
SECRETS = {"apiKey", "imapPassword"}

_numbers = count(1)


def fresh(name: str) -> str:
    """Return a name nothing else of this run has, and that no suffix of another name leads to."""
    return f"{name}-{next(_numbers)}-"


@dataclass(frozen=True)
class Agent:
    """One caller of the API."""

    http: httpx.AsyncClient

    async def create(self, username: str | None = None, *, strict: Any = None, **more: Any) -> httpx.Response:
        """Ask for an inbox; `headers` go with the call, everything else into its body."""
        headers = more.pop("headers", None)
        body = {**({"username": username} if username is not None else {}), **more}
        params = {} if strict is None else {"strict": str(strict).lower()}
        return await self.http.post(INBOXES, json=body, params=params, headers=headers)

    async def inbox(self, username: str | None = None, **more: Any) -> Json:
        """Ask for an inbox and return it as the 201 shows it."""
        answer = await self.create(username, **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def read(self, inbox_id: str) -> Json:
        """Return an inbox as it reads now."""
        answer = await self.http.get(f"{INBOXES}/{inbox_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def listed(self, **params: str) -> list[Json]:
        """Return the inboxes that this caller sees."""
        answer = await self.http.get(INBOXES, params=params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["inboxes"])

    async def workspace(self, name: str | None = None) -> Json:
        """Make a workspace."""
        answer = await self.http.post(WORKSPACES, json={"name": name or fresh("ws")})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def default_workspace(self) -> Json:
        """Return the tenant's default workspace."""
        workspaces = (await self.http.get(WORKSPACES)).json()["workspaces"]
        return next(dict(each) for each in workspaces if each["isDefault"])

    async def workspace_key(self, workspace_id: str) -> str:
        """Make a master key of a workspace."""
        answer = await self.http.post(f"{WORKSPACES}/{workspace_id}/keys", json={"name": "test"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    async def domain(self, name: str | None = None, **more: Any) -> Json:
        """Claim a domain and return it once it is verified."""
        name = name or f"{fresh('d')}x.example"
        answer = await self.http.post(DOMAINS, json={"domain": name, **more})
        assert answer.status_code == 201, answer.text
        path = f"{DOMAINS}/{answer.json()['id']}"

        async def verified() -> Json | None:
            now: Json = (await self.http.post(f"{path}/verify")).json()
            assert now["status"] != "failed", now
            return now if now["status"] == "verified" else None

        found = await eventually(verified, within=20, every=0.1, what=f"{name} verified")
        assert found
        return found

    async def ended(self, inbox_id: str) -> Json:
        """Return an inbox once it is no longer being made."""

        async def there() -> Json | None:
            inbox = await self.read(inbox_id)
            return None if inbox["status"] == "provisioning" else inbox

        found = await eventually(there, within=20, what=f"the inbox {inbox_id} is made or not")
        assert found
        return found

    async def ready(self, inbox_id: str) -> Json:
        """Return an inbox once it can be used."""
        inbox = await self.ended(inbox_id)
        assert inbox["status"] == "active", inbox
        return inbox

    async def gone(self, inbox_id: str) -> None:
        """Wait until an inbox does not exist any more."""

        async def is_gone() -> bool:
            return (await self.http.get(f"{INBOXES}/{inbox_id}")).status_code == 404

        await eventually(is_gone, within=20, what=f"the inbox {inbox_id} is gone")


@asynccontextmanager
async def caller(stack: RunningStack, key: str | None, *, header: str = "X-API-Key") -> AsyncIterator[Agent]:
    """Call the stack's API with a key in this header, or without one."""
    headers = {} if key is None else {header: f"Bearer {key}" if header == "Authorization" else key}
    async with httpx.AsyncClient(
        base_url=stack.base_url, headers=headers, timeout=70.0, trust_env=False
    ) as http:
        yield Agent(http)


def created(sim: Simulated, name: str, domain: str = PLATFORM) -> list[str]:
    """Return the addresses made at the provider for this name, with or without a number: one for each inbox made."""
    one = re.compile(rf"{re.escape(name)}\d*@{re.escape(domain)}")
    subjects = (str(entry["subject"]) for entry in sim.ledger("inbox.created"))
    return [subject for subject in subjects if one.fullmatch(subject)]


def error_of(answer: httpx.Response) -> str:
    """Return the code of an error answer, after checking that it has the dialect's whole shape and nothing more."""
    body: Json = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert set(body) == {"error", "code"}, body
    assert body["error"][0].isupper(), body
    assert body["code"] == body["code"].upper(), body
    assert answer.headers["x-request-id"]
    return str(body["code"])
