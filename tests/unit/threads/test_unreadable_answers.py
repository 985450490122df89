"""A webhook whose registration is answered with something else than documented is registered again."""

from __future__ import annotations

from typing import Any, cast

import pytest

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
