"""What is answered with something else than documented is asked for again: a webhook's registration, a listing without end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from services.threads.providers.agentmail import AgentMail
from services.threads.providers.agentmail_webhooks import AgentMailWebhooks
from shared.errors import Retryable
from shared.http.provider import Provider


class Answering:
    """A provider that answers every call with the same body."""

    def __init__(self, body: Any) -> None:
        self._body = body

    async def call(self, *_: Any, **__: Any) -> Any:
        return self._body


@pytest.mark.parametrize("body", [None, [], {}, {"webhook_id": "w", "url": "u"}], ids=str)
async def test_a_registration_that_cannot_be_read_is_worth_repeating(body: Any) -> None:
    with pytest.raises(Retryable):
        await AgentMailWebhooks(cast("Provider", Answering(body))).create(
            "https://x.example", ("sent",), "id"
        )


class Circling:
    """A provider whose listing always goes on, and always with the same empty page."""

    def __init__(self) -> None:
        self._calls = 0

    async def call(self, *_: Any, **__: Any) -> Any:
        self._calls += 1
        assert self._calls < 5, "it is followed round and round"
        return {"messages": [], "next_page_token": "k"}


async def test_a_listing_that_never_ends_is_not_followed_for_ever() -> None:
    with pytest.raises(Retryable):
        await AgentMail(cast("Provider", Circling())).since(
            "inbox", datetime(2026, 3, 1, tzinfo=UTC), most=10
        )
