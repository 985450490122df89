"""What a tenant has in every dialect: one of each thing that has an id, and how it reads to its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.eventually import eventually

Json = dict[str, Any]

PUFFLE, MYAGENTMAIL, SENDMUX = "puffle", "myagentmail", "sendmux"


@dataclass
class Tenant:
    """A tenant with a client per dialect; `ids` are the values of path parameters, by dialect and kind of thing."""

    clients: dict[str, httpx.AsyncClient]
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    async def seen(self) -> dict[str, Any]:
        """Return how everything reads to its owner now."""
        paths = {
            (PUFFLE, f"/api/email/accounts/{self.ids[PUFFLE, 'account']}"),
            (PUFFLE, f"/api/email/domains/{self.ids[PUFFLE, 'domain']}"),
            (PUFFLE, f"/api/threads/{self.ids[PUFFLE, 'thread']}"),
            (PUFFLE, f"/api/threads/{self.ids[PUFFLE, 'thread']}/messages"),
            (MYAGENTMAIL, f"/v1/inboxes/{self.ids[MYAGENTMAIL, 'inbox']}"),
            (MYAGENTMAIL, f"/v1/domains/{self.ids[MYAGENTMAIL, 'domain']}"),
            (MYAGENTMAIL, f"/v1/workspaces/{self.ids[MYAGENTMAIL, 'workspace']}"),
            (MYAGENTMAIL, f"/v1/workspaces/{self.ids[MYAGENTMAIL, 'workspace']}/keys"),
            (SENDMUX, f"/api/v1/mailboxes/{self.ids[SENDMUX, 'mailbox']}"),
            (SENDMUX, f"/api/v1/mailboxes/{self.ids[SENDMUX, 'mailbox']}/keys"),
            (SENDMUX, f"/api/v1/mailboxes/{self.ids[SENDMUX, 'mailbox']}/filters"),
            (SENDMUX, f"/api/v1/domains/{self.ids[SENDMUX, 'domain']}"),
        }
        return {path: without_moments(await self.read(dialect, path)) for dialect, path in sorted(paths)}

    async def read(self, dialect: str, path: str) -> Any:
        """Return the body of a GET that succeeds."""
        answer = await self.clients[dialect].get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def made(self, dialect: str, path: str, body: Json) -> Json:
        """Make something and return its body."""
        answer = await self.clients[dialect].post(path, json=body)
        assert answer.status_code == 201, (path, answer.text)
        return dict(answer.json())


@asynccontextmanager
async def tenant(base_url: str, keys: dict[str, str]) -> AsyncIterator[Tenant]:
    """Yield a tenant without belongings."""
    clients = {
        dialect: httpx.AsyncClient(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60.0
        )
        for dialect, key in keys.items()
    }
    try:
        yield Tenant(clients)
    finally:
        for client in clients.values():
            await client.aclose()


async def settle(owner: Tenant, name: str) -> None:
    """Give a tenant one of everything."""
    domain = (await owner.made(PUFFLE, "/api/email/domains", {"domain": f"{name}-p.example"}))["domain"]
    owner.ids[PUFFLE, "domain"] = domain["id"]
    await _verified(owner, PUFFLE, f"/api/email/domains/{domain['id']}", "domain", "status")
    account = {"username": "ada", "domain_id": domain["id"]}
    owner.ids[PUFFLE, "account"] = (await owner.made(PUFFLE, "/api/email/accounts", account))["account"]["id"]
    draft = {"draft_subject": f"A word with {name}", "participant_email": f"friend@{name}.example"}
    owner.ids[PUFFLE, "thread"] = (await owner.made(PUFFLE, "/api/threads", draft))["thread"]["id"]

    owner.ids[MYAGENTMAIL, "inbox"] = (await owner.made(MYAGENTMAIL, "/v1/inboxes", {"username": name}))["id"]
    own = await owner.made(MYAGENTMAIL, "/v1/domains", {"domain": f"{name}-m.example"})
    owner.ids[MYAGENTMAIL, "domain"] = own["id"]
    workspace = await owner.made(MYAGENTMAIL, "/v1/workspaces", {"name": f"{name} apart"})
    owner.ids[MYAGENTMAIL, "workspace"] = workspace["id"]
    key = await owner.made(MYAGENTMAIL, f"/v1/workspaces/{workspace['id']}/keys", {"name": "k"})
    owner.ids[MYAGENTMAIL, "key"] = key["id"]

    theirs = (await owner.made(SENDMUX, "/api/v1/domains", {"domain": f"{name}-s.example"}))["data"]
    owner.ids[SENDMUX, "domain"] = theirs["id"]
    await _verified(owner, SENDMUX, f"/api/v1/domains/{theirs['id']}", "data", "verification_status")
    address = {"email": f"ada@{name}-s.example"}
    mailbox = (await owner.made(SENDMUX, "/api/v1/mailboxes", address))["data"]
    owner.ids[SENDMUX, "mailbox"] = mailbox["mailbox"]["id"]
    owner.ids[SENDMUX, "key"] = mailbox["api_key"]["public_id"]


async def _verified(owner: Tenant, dialect: str, path: str, envelope: str, status: str) -> None:
    await owner.clients[dialect].post(f"{path}/verify")

    async def is_verified() -> bool:
        return bool((await owner.read(dialect, path))[envelope][status] == "verified")

    await eventually(is_verified, within=40, what=f"{path} is verified")


def without_moments(value: Any) -> Any:
    """Return a body without what changes by itself: times of change, checks, and what a warmup goes through."""
    moving = {
        "updated_at",
        "updatedAt",
        "status",
        "warmup_status",
        "dns_records",
        "dnsRecords",
        "meta",
        "last_used_at",
    }
    if isinstance(value, dict):
        return {name: without_moments(inner) for name, inner in value.items() if name not in moving}
    if isinstance(value, list):
        return [without_moments(inner) for inner in value]
    return value
