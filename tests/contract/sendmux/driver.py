"""A Sendmux client as its users write one, and the mail platform behind as its own records show it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from services.gateway.security.keys import KeyKind
from services.gateway.security.store import KeyAdmin
from shared.clock import RandomIds, SystemClock
from shared.db.pool import connect
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

Json = dict[str, Any]

MAILBOXES = "/api/v1/mailboxes"
DOMAINS = "/api/v1/domains"

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
ETAG = re.compile(r'W/"[0-9a-f]{16}"')
CODES = {
    "invalid_parameter", "missing_parameter", "authentication_required", "insufficient_permissions", "not_found",
    "conflict", "idempotency_conflict", "payload_too_large", "validation_error", "rate_limit_exceeded",
    "internal_error", "service_unavailable",
}  # fmt: skip
"""Every code the reference knows."""

_numbers = count(1)


def fresh(name: str) -> str:
    """Return a name nothing else of this run has; a scripted prefix keeps its meaning."""
    return f"{name}-{next(_numbers)}"


@dataclass(frozen=True)
class Sendmux:
    """One caller of the API."""

    http: httpx.AsyncClient

    async def domain(self, name: str | None = None) -> Json:
        """Register a domain and return it once it is verified."""
        answer = await self.http.post(DOMAINS, json={"domain": name or f"{fresh('s')}.example"})
        assert answer.status_code == 201, answer.text
        return await self.verified(data_of(answer))

    async def verified(self, domain: Json) -> Json:
        """Ask for a domain's verification until it is verified."""

        async def look() -> Json | None:
            await self.http.post(f"{DOMAINS}/{domain['id']}/verify")
            now = data_of(await self.http.get(f"{DOMAINS}/{domain['id']}"))
            return now if now["verification_status"] == "verified" else None

        found = await eventually(look, within=30, every=0.2, what=f"{domain['domain']} verified")
        assert found
        return found

    async def create(self, email: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Ask for a mailbox."""
        return await self.http.post(MAILBOXES, json={"email": email, **more}, headers=headers)

    async def made(self, email: str, **more: Any) -> Json:
        """Ask for a mailbox and return the data of the 201."""
        answer = await self.create(email, **more)
        assert answer.status_code == 201, answer.text
        return data_of(answer)

    async def mailbox(self, domain: Json, **more: Any) -> Json:
        """Make a mailbox of any name and return it."""
        made = await self.made(f"{fresh('box')}@{domain['domain']}", **more)
        return dict(made["mailbox"])

    async def read(self, mailbox: Json) -> Json:
        """Return a mailbox as it reads now."""
        return data_of(await self.http.get(f"{MAILBOXES}/{mailbox['id']}"))

    async def keys(self, mailbox: Json) -> list[Json]:
        """Return the keys of a mailbox that are in force."""
        answer = await self.http.get(f"{MAILBOXES}/{mailbox['id']}/keys")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])


@asynccontextmanager
async def caller(stack: RunningStack, key: str | None) -> AsyncIterator[Sendmux]:
    """Call the stack's API with a key, or without one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(
        base_url=stack.base_url, headers=headers, timeout=70.0, trust_env=False
    ) as http:
        yield Sendmux(http)


async def make_key(stack: RunningStack, *scopes: str, tenant: str = "Demo") -> str:
    """Make a key of a team with these permissions, as its operator does."""
    connection = await connect(
        stack.database_url, schema="gateway", role="mailwright_gateway", application="test-keys"
    )
    try:
        admin = KeyAdmin(connection, SystemClock(), RandomIds())
        made = await admin.create(
            kind=KeyKind.TEAM, tenant=tenant, workspace="Default", name="test", scopes=scopes
        )
        return made.reveal()
    finally:
        await connection.close()


def keyed(key: str) -> dict[str, str]:
    """Return the header that makes a call safe to repeat."""
    return {"Idempotency-Key": key}


def data_of(answer: httpx.Response) -> Json:
    """Return the data of a success, after checking its envelope (S4-20)."""
    body: Json = answer.json()
    assert answer.status_code < 300, answer.text
    assert set(body) - {"pagination"} == {"ok", "data", "meta"}, body
    assert body["ok"] is True
    assert re.fullmatch(r"req_[\x21-\x7e]+", body["meta"]["request_id"]), body
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    everywhere(answer)
    data: Json = body["data"]
    return data


def error_of(answer: httpx.Response) -> Json:
    """Return the error of a refusal, after checking that it has the dialect's whole shape and nothing more."""
    body: Json = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert set(body) == {"ok", "error", "meta"}, body
    assert body["ok"] is False
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    error: Json = body["error"]
    assert (
        {"code", "message", "retryable"} <= set(error) <= {"code", "message", "retryable", "param", "errors"}
    )
    assert error["code"] in CODES
    assert error["retryable"] is (answer.status_code == 429 or answer.status_code >= 500)
    if error.get("errors"):
        assert error["param"] == error["errors"][0]["field"]
        assert all(set(each) == {"field", "code", "message"} for each in error["errors"])
    everywhere(answer)
    return error


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, str(error_of(answer)["code"])


def everywhere(answer: httpx.Response) -> None:
    """Check what every response carries."""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"].startswith("req_")
    limit, left = (int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining"))
    assert 0 <= left <= limit
    assert int(answer.headers["x-ratelimit-reset"]) > 1_700_000_000


def login_works(sim: Simulated, password: str, address: str) -> bool:
    """Whether the mail platform lets somebody with this password into this inbox."""
    answer = httpx.get(
        f"{sim.url}/agentmail/v0/inboxes/{address}/messages",
        headers={"Authorization": f"Bearer {password}"},
        timeout=30.0,
        trust_env=False,
    )
    assert answer.status_code in {200, 401, 404}, answer.text
    return answer.status_code == 200


def effects(sim: Simulated, subject: str) -> list[str]:
    """Return what really happened to an address or a domain at the providers, in order."""
    return [str(entry["effect"]) for entry in sim.ledger() if entry["subject"] == subject]
