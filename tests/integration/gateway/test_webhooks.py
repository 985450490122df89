"""What the inbox provider reports: taken once, with its payload, and only if it is signed."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.gateway import webhook_signatures
from services.gateway.webhooks import LIMIT
from services.simulator.agentmail.delivery import sign
from shared.content import parts
from shared.security import webhook_secrets
from shared.security.vault import MasterKeys, Vault
from tests.support.gateway import MASTER_KEYS, GatewaySide, gateway_side
from tests.support.link import link_to

PATH = "/webhooks/agentmail"
CANARY = "the body nobody may see"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
NEWER = "whsec_" + base64.b64encode(b"abcdef0123456789abcdef01").decode()


def mail(event_id: str = "evt_1", text: str = CANARY) -> dict[str, Any]:
    message = {"inbox_id": "Ada@Example.com", "message_id": "<1@there>", "subject": CANARY, "text": text}
    return {"type": "event", "event_type": "message.received", "event_id": event_id, "message": message}


def signed(body: bytes, delivery: str = "msg_1", *, secret: str = SECRET) -> dict[str, str]:
    timestamp = int(datetime.now(UTC).timestamp())
    return {
        "svix-id": delivery,
        "svix-timestamp": str(timestamp),
        "svix-signature": sign(secret, delivery, timestamp, body),
    }


class Provider:
    """The provider's side: it signs what it posts."""

    def __init__(self, side: GatewaySide, client: httpx.AsyncClient) -> None:
        self.side = side
        self.client = client

    async def agree_on(self, secret: str) -> None:
        async with self.side.pool.acquire() as connection, connection.transaction():
            await webhook_secrets.keep(Vault(MasterKeys.parse(MASTER_KEYS)), connection, "agentmail", secret)

    async def post(
        self,
        payload: Any,
        delivery: str = "msg_1",
        *,
        secret: str = SECRET,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signature = signed(body, delivery, secret=secret) if headers is None else headers
        return await self.client.post(PATH, content=body, headers=signature)


@pytest.fixture
async def provider(gateway: GatewaySide) -> AsyncIterator[Provider]:
    async with gateway.client() as client:
        made = Provider(gateway, client)
        await made.agree_on(SECRET)
        yield made


async def test_an_event_is_kept_with_its_payload_before_it_is_acknowledged(provider: Provider) -> None:
    answer = await provider.post(mail())

    assert (answer.status_code, answer.content) == (204, b"")
    (event,) = await provider.side.events()
    data = json.loads(event["data"])
    assert event["type"] == "mailwright.thread.provider_event_reported.v1"
    assert (data["event_id"], data["event_type"], data["inbox_id"]) == (
        "evt_1",
        "message.received",
        "ada@example.com",
    )
    assert CANARY not in event["data"].decode()
    async with provider.side.pool.acquire() as connection:
        assert await parts.get_report(connection, data["content_ref"]) == mail()


async def test_what_is_reported_of_one_inbox_stays_in_order(provider: Provider) -> None:
    bounce = {"event_type": "message.bounced", "event_id": "evt_2", "bounce": {"inbox_id": "ada@example.com"}}
    other = {"event_type": "message.sent", "event_id": "evt_3", "send": {"inbox_id": "bob@example.com"}}
    domain = {"event_type": "domain.verified", "event_id": "evt_4", "domain": {"domain": "example.com"}}

    for number, payload in enumerate((mail(), bounce, other, domain)):
        assert (await provider.post(payload, f"msg_{number}")).status_code == 204

    first, second, third, fourth = (event["subject"] for event in await provider.side.events())
    assert first == second
    assert len({first, third, fourth}) == 3


async def test_a_repetition_is_acknowledged_and_told_once(provider: Provider) -> None:
    answers = await asyncio.gather(*(provider.post(mail()) for _ in range(5)))
    sent_anew = await provider.post(mail(), "msg_2")
    same_delivery = await provider.post(mail("evt_2"), "msg_1")

    assert {each.status_code for each in (*answers, sent_anew, same_delivery)} == {204}
    assert len(await provider.side.events()) == 1
    assert await provider.side.pool.fetchval("select count(*) from content.part") == 1


async def test_what_is_not_signed_is_refused_and_leaves_nothing(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps(mail()).encode()
    good = signed(body)

    with caplog.at_level(logging.DEBUG):
        refused = [
            await provider.post(body, headers={}),
            await provider.post(body, headers={**good, "svix-signature": "v1"}),
            await provider.post(body, headers={**good, "svix-timestamp": "1"}),
            await provider.post(body, headers={**good, "svix-id": "msg_2"}),
            await provider.post(body, secret=NEWER),
            await provider.post(body + b" ", headers=good),
            await provider.post(b"x" * (LIMIT + 1), headers={}),
        ]

    assert {(each.status_code, each.json()["code"]) for each in refused} == {(401, "unauthorized")}
    assert await provider.side.events() == []
    assert CANARY not in caplog.text + "".join(each.text for each in refused)


@pytest.mark.parametrize(
    "body",
    [b"", b"no json " + CANARY.encode(), b"[]", b'{"event_type":"x"}', b'{"event_id":7,"event_type":"x"}'],
)
async def test_signed_nonsense_is_refused_without_being_repeated(provider: Provider, body: bytes) -> None:
    answer = await provider.post(body)

    assert answer.status_code == 400
    assert CANARY not in answer.text
    assert await provider.side.events() == []


async def test_a_body_is_bounded(provider: Provider) -> None:
    assert (await provider.post(mail(text="x" * 1_048_576))).status_code == 204
    assert (await provider.post(b"x" * (LIMIT + 1))).status_code == 413


async def test_text_that_no_database_keeps_is_kept_as_near_as_possible(provider: Provider) -> None:
    body = json.dumps(mail(text="a\x00b\ud800c")).replace("<1@there>", "<1@th\\u0000ere>").encode()

    assert (await provider.post(body)).status_code == 204

    (event,) = await provider.side.events()
    async with provider.side.pool.acquire() as connection:
        kept = await parts.get_report(connection, json.loads(event["data"])["content_ref"])
    assert kept is not None
    assert kept["message"]["text"] == "a\ufffdb\ufffdc"


async def test_a_new_secret_is_noticed_when_the_old_one_does_not_fit(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_signatures, "LOOK_AGAIN_SECONDS", 0.0)
    assert (await provider.post(mail("evt_1"), "msg_1")).status_code == 204

    await provider.agree_on(NEWER)

    assert (await provider.post(mail("evt_2"), "msg_2", secret=NEWER)).status_code == 204
    assert (await provider.post(mail("evt_3"), "msg_3", secret=SECRET)).status_code == 401


async def test_without_a_registered_webhook_nothing_is_taken(gateway: GatewaySide) -> None:
    async with gateway.client() as client:
        assert (await Provider(gateway, client).post(mail())).status_code == 401


async def test_while_the_database_is_away_the_provider_is_asked_to_come_again(database_url: str) -> None:
    at = urlsplit(database_url)
    async with link_to(at.hostname or "127.0.0.1", at.port or 5432) as link:
        linked = at._replace(netloc=at.netloc.rpartition("@")[0] + f"@127.0.0.1:{link.port}").geturl()
        async with gateway_side(database_url, reach_database_at=linked) as side, side.client() as client:
            provider = Provider(side, client)
            await provider.agree_on(SECRET)
            assert (await provider.post(mail("evt_1"), "msg_1")).status_code == 204
            link.cut()

            answer = await provider.post(mail("evt_2"), "msg_2")

            assert answer.status_code == 503
            assert answer.headers["retry-after"]


async def test_a_call_of_another_method_is_told_so(provider: Provider) -> None:
    answer = await provider.client.get(PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
