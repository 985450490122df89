"""What is answered with something else than documented is asked for again: a webhook's registration, a listing without end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from services.threads.providers.agentmail import AgentMail
from services.threads.providers.agentmail_webhooks import AgentMailWebhooks
from shared.errors import Retryable
from shared.http.provider import Provider
from tests.support.answering import Answering


@pytest.mark.parametrize("body", [None, [], {}, {"webhook_id": "w", "url": "u"}], ids=str)
async def test_a_registration_that_cannot_be_read_is_worth_repeating(body: Any) -> None:
    with pytest.raises(Retryable):
        await AgentMailWebhooks(cast("Provider", Answering(body))).create(
            "https://x.example", ("sent",), "id"
        )


async def test_a_listing_that_never_ends_is_not_followed_for_ever() -> None:
    with pytest.raises(Retryable):
        await AgentMail(cast("Provider", Answering({"messages": [], "next_page_token": "k"}))).since(
            "inbox", datetime(2026, 3, 1, tzinfo=UTC), most=10
        )
