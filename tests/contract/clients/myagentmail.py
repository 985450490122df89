"""A MyAgentMail client: what its page on creating an inbox says, and nothing else."""

from __future__ import annotations

from typing import Any

import httpx


class MyAgentMail:
    """Talks to one host with one master key."""

    def __init__(self, host: str, key: str) -> None:
        self._http = httpx.Client(base_url=host, headers={"X-API-Key": key}, timeout=60.0, trust_env=False)

    def create_inbox(self, strict: bool = False, **fields: str) -> tuple[int, dict[str, Any]]:
        """Create an inbox, or get the one that is there."""
        params = {"strict": "true"} if strict else {}
        answer = self._http.post("/v1/inboxes", json=fields, params=params)
        return answer.status_code, dict(answer.json())

    def get_inbox(self, inbox_id: str) -> dict[str, Any]:
        """Read an inbox, with its password."""
        answer = self._http.get(f"/v1/inboxes/{inbox_id}")
        answer.raise_for_status()
        return dict(answer.json())
