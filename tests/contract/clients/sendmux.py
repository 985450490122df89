"""A Sendmux client: what its page on creating a mailbox says, and nothing else."""

from __future__ import annotations

from typing import Any

import httpx


class Sendmux:
    """Talks to one host with one root key."""

    def __init__(self, host: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=host, headers={"Authorization": f"Bearer {token}"}, timeout=60.0, trust_env=False
        )

    def create_mailbox(
        self, email: str, idempotency_key: str | None = None, **fields: Any
    ) -> tuple[int, dict[str, Any], str | None]:
        """Create a mailbox; returns status, body and Location."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self._http.post("/api/v1/mailboxes", json={"email": email, **fields}, headers=headers)
        return answer.status_code, dict(answer.json()), answer.headers.get("Location")

    def follow(self, location: str) -> dict[str, Any]:
        """Read what a Location leads to."""
        answer = self._http.get(location)
        answer.raise_for_status()
        return dict(answer.json())
