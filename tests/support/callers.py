"""Callers of the public API that do not give up: they ask again, with the same Idempotency-Key, until somebody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import httpx

from tests.support.eventually import eventually
from tests.support.stack import RunningStack

SCRIPTED_FAILURES = ("fail-inbox", "fail-sender", "fail-tag")
"""Local parts that the simulated providers refuse for good; every other account must come to be."""
ANSWERED = frozenset(range(200, 500)) | {500, 502}
"""What counts as an answer; 503 and no answer at all are asked again."""
_ASK_AGAIN_SECONDS = 0.2
_LOOK_AGAIN_SECONDS = 1.0
"""Seldom, because many look at once and the machine has other things to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request came to as its caller saw it; `status` is None when nobody ever answered.

    `subject` is the account it was about, `shown` the account as it was when the caller stopped asking.
    """

    kind: str
    address: str
    status: int | None
    subject: UUID | None = None
    shown: Mapping[str, Any] | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the caller was promised an account or another outcome."""
        return self.status in {200, 201, 202}


class Caller:
    """One tenant's patient client. Every answer it ever got is in `answers`."""

    def __init__(
        self, stack: RunningStack, *, patience_seconds: float = 60.0, dialect: str = "puffle"
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=stack.base_url,
            headers={"Authorization": f"Bearer {stack.keys[dialect]}"},
            timeout=httpx.Timeout(45.0, connect=5.0),
            limits=httpx.Limits(max_connections=300),
            trust_env=False,
        )
        self._patience_seconds = patience_seconds
        self.answers: list[Answer] = []
        self.in_flight = 0
        """Accounts asked for and not settled yet, and conversations that go on."""
        self.unanswered = 0
        """Calls that got no answer, or a 503, and were made again."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def verified_domain(self, name: str) -> str:
        """Claim a domain, wait until it is verified and return its id."""
        body, key = {"domain": name}, f"claim {name}"
        claimed = await self.ask("POST", "/api/email/domains", body=body, key=key, prefer="wait=5")
        assert claimed is not None, f"nobody answered the claim of {name}"
        assert claimed.status_code in {200, 201, 202}, claimed.text
        domain_id = str(claimed.json()["domain"]["id"])

        async def is_verified() -> bool:
            checked = await self.ask("POST", f"/api/email/domains/{domain_id}/verify", prefer="wait=5")
            assert checked is not None, f"nobody answered the check of {name}"
            assert checked.status_code in {200, 202}, checked.text
            return bool(checked.json()["domain"]["status"] == "verified")

        await eventually(
            is_verified, within=self._patience_seconds, every=_LOOK_AGAIN_SECONDS, what=f"{name} is verified"
        )
        return domain_id

    async def give_up_domain(self, name: str, domain_id: str) -> None:
        """Override how a domain stands, delete it by two at the same time, and look until it is gone."""
        path = f"/api/email/domains/{domain_id}"
        changed = await self.ask("PATCH", path, body={"status": "pending"}, prefer="wait=30")
        assert changed is not None, f"nobody answered the change of {name}"
        assert changed.status_code in {200, 202}, changed.text
        for deleted in await asyncio.gather(*(self.ask("DELETE", path, prefer="wait=30") for _ in range(2))):
            assert deleted is not None, f"nobody answered the deletion of {name}"
            assert deleted.status_code in {200, 202, 404}, deleted.text

        async def is_gone() -> bool:
            found = await self.ask("GET", path)
            return found is not None and found.status_code == 404

        await eventually(
            is_gone, within=self._patience_seconds, every=_LOOK_AGAIN_SECONDS, what=f"{name} is gone"
        )

    async def account(self, username: str, domain_id: str, domain: str) -> Answer:
        """Ask for an account without waiting for it, then look at it until it is settled."""
        address = f"{username}@{domain}"
        body = {"username": username, "domain_id": domain_id, "first_name": "Ada", "last_name": "Lovelace"}
        self.in_flight += 1
        try:
            got = await self.ask(
                "POST", "/api/email/accounts", body=body, key=f"create {address}", prefer="respond-async"
            )
            if got is None or got.status_code not in {201, 202}:
                answer = Answer("create", address, got.status_code if got is not None else None)
            else:
                subject = UUID(got.json()["account"]["id"])
                answer = Answer("create", address, got.status_code, subject, await self.settled(subject))
        finally:
            self.in_flight -= 1
        self.answers.append(answer)
        return answer

    async def settled(self, account_id: UUID) -> dict[str, Any] | None:
        """Look at an account until it is no longer on its way; None if the patience ends before."""
        deadline = asyncio.get_running_loop().time() + self._patience_seconds
        while asyncio.get_running_loop().time() < deadline:
            got = await self.ask("GET", f"/api/email/accounts/{account_id}")
            if got is not None and got.status_code == 200:
                account: dict[str, Any] = got.json()["account"]
                if account["status"] != "provisioning":
                    return account
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return None

    async def repeat(self, username: str, domain_id: str, domain: str) -> httpx.Response | None:
        """Ask for the same account again with the same key, and wait for the answer."""
        address = f"{username}@{domain}"
        body = {"username": username, "domain_id": domain_id, "first_name": "Ada", "last_name": "Lovelace"}
        return await self.ask("POST", "/api/email/accounts", body=body, key=f"create {address}")

    async def retry_warmup(self, account_id: UUID, address: str, number: int = 1) -> Answer:
        """Ask for another attempt to start a warmup, and wait for its answer."""
        path = f"/api/email/accounts/{account_id}/retry-warmup"
        got = await self.decided("PATCH", path, key=f"retry {number} {account_id}")
        answer = Answer("retry", address, got.status_code if got is not None else None, account_id)
        self.answers.append(answer)
        return answer

    async def command_warmup(self, account_id: UUID, address: str, command: str) -> Answer:
        """Ask for a warmup to be paused, resumed or disabled, and wait for the answer; every call is a request of its own."""
        got = await self.ask("PATCH", f"/api/email/accounts/{account_id}/{command}-warmup", prefer="wait=30")
        answer = Answer(command, address, got.status_code if got is not None else None, account_id)
        self.answers.append(answer)
        return answer

    async def sign(self, account_id: UUID, address: str, signature: str) -> Answer:
        """Change an account's signature, and wait for the answer."""
        got = await self.ask(
            "PATCH", f"/api/email/accounts/{account_id}", body={"signature": signature}, prefer="wait=30"
        )
        answer = Answer("change", address, got.status_code if got is not None else None, account_id)
        self.answers.append(answer)
        return answer

    async def delete(self, account_id: UUID, address: str) -> Answer:
        """Delete an account and look until it is gone."""
        self.in_flight += 1
        try:
            got = await self.ask("DELETE", f"/api/email/accounts/{account_id}", prefer="wait=30")
            answer = Answer("delete", address, got.status_code if got is not None else None, account_id)
            self.answers.append(answer)

            async def is_gone() -> bool:
                found = await self.ask("GET", f"/api/email/accounts/{account_id}")
                return found is not None and found.status_code == 404

            await eventually(
                is_gone, within=self._patience_seconds, every=_LOOK_AGAIN_SECONDS, what=f"{address} is gone"
            )
        finally:
            self.in_flight -= 1
        return answer

    async def abandon(self, username: str, domain_id: str, domain: str, after_seconds: float) -> None:
        """Ask for an account and delete it while it is being made."""
        address = f"{username}@{domain}"
        body = {"username": username, "domain_id": domain_id}
        got = await self.ask(
            "POST", "/api/email/accounts", body=body, key=f"create {address}", prefer="respond-async"
        )
        assert got is not None, f"nobody answered the request for {address}"
        assert got.status_code in {201, 202}, got.text
        subject = UUID(got.json()["account"]["id"])
        self.answers.append(Answer("abandon", address, got.status_code, subject))
        await asyncio.sleep(after_seconds)
        await self.delete(subject, address)

    async def again(self, username: str, domain_id: str, domain: str) -> Answer:
        """Ask for an account at an address that was used before, until it is decided."""
        address = f"{username}@{domain}"
        body = {"username": username, "domain_id": domain_id}
        got = await self.decided("POST", "/api/email/accounts", body=body, key=f"again {address}")
        answer = Answer("again", address, got.status_code if got is not None else None)
        self.answers.append(answer)
        return answer

    async def decided(
        self, method: str, path: str, *, body: object = None, key: str
    ) -> httpx.Response | None:
        """Make a call, and ask with its key again until it is decided; None if the patience ends before."""
        deadline = asyncio.get_running_loop().time() + self._patience_seconds
        while asyncio.get_running_loop().time() < deadline:
            got = await self.ask(method, path, body=body, key=key, prefer="wait=30")
            if got is None or got.status_code != 202:
                return got
        return None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
        prefer: str | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> httpx.Response | None:
        """Make a call, again and again until it is answered; None if the patience ends before."""
        headers = {
            **({"Idempotency-Key": key} if key else {}),
            **({"Prefer": prefer} if prefer else {}),
        }
        deadline = asyncio.get_running_loop().time() + self._patience_seconds
        while asyncio.get_running_loop().time() < deadline:
            try:
                got = await self._client.request(
                    method, path, json=body, params=params, headers=headers, files=files
                )
            except httpx.TransportError:
                got = None
            if got is not None and got.status_code in ANSWERED:
                return got
            self.unanswered += 1
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        return None
