"""A Puffle client: what its pages on creating an account and retrying a warmup say, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import httpx


class Puffle:
    """Talks to one host with one token."""

    def __init__(self, host: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=host, headers={"Authorization": f"Bearer {token}"}, timeout=60.0, trust_env=False
        )

    def create_email_domain(self, domain: str) -> dict[str, Any]:
        """Register a domain."""
        return dict(self._body(self._http.post("/api/email/domains", json={"domain": domain}))["domain"])

    def wait_until_verified(self, domain_id: str) -> str:
        """Verify, then poll on a cadence until verified or failed."""
        status = self._body(self._http.post(f"/api/email/domains/{domain_id}/verify"))["domain"]["status"]
        until = time.monotonic() + 60
        while status not in {"verified", "failed"} and time.monotonic() < until:
            time.sleep(0.5)
            poll = self._http.post(f"/api/email/domains/{domain_id}/verify", params={"poll": "true"})
            status = self._body(poll)["domain"]["status"]
        return str(status)

    def create_email_account(self, username: str, domain_id: str, **names: str) -> dict[str, Any]:
        """Create an account; when its warmup did not start, the caller may retry that."""
        body = {"username": username, "domain_id": domain_id, **names}
        return dict(self._body(self._http.post("/api/email/accounts", json=body))["account"])

    def create_status(self, username: str, domain_id: str) -> int:
        """Return the status of a create call."""
        body = {"username": username, "domain_id": domain_id}
        return self._http.post("/api/email/accounts", json=body).status_code

    def retry_warmup(self, account_id: str) -> tuple[int, dict[str, Any]]:
        """Retry a warmup; 409 says that there is nothing to retry, 502 that another try may help."""
        answer = self._http.patch(f"/api/email/accounts/{account_id}/retry-warmup")
        return answer.status_code, answer.json()

    @staticmethod
    def _body(answer: httpx.Response) -> dict[str, Any]:
        answer.raise_for_status()
        return dict(answer.json())
