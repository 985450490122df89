"""How webhook bodies leave the process."""

from __future__ import annotations

import httpx

from shared.http.client import build_client

_WEBHOOK_SECONDS = 15.0


class WebhookPoster:
    """Posts webhook bodies; to be made inside the running loop."""

    def __init__(self) -> None:
        self._client = build_client("", read_seconds=_WEBHOOK_SECONDS)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        """Post a body and return the status, or None when no answer came."""
        try:
            response = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError:
            return None
        return response.status_code

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()
