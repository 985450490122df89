"""Clients that know the reference pages only work here, unchanged but for the host and the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract.clients.myagentmail import MyAgentMail
from tests.contract.clients.puffle import Puffle
from tests.contract.clients.sendmux import Sendmux
from tests.support.stack import RunningStack, running_stack

ACCOUNT_FIELDS = {
    "id", "user_id", "type", "domain_id", "email_address", "agentmail_inbox_id", "instantly_account_id", "status",
    "warmup_status", "display_name", "first_name", "last_name", "signature", "instantly_tag_id",
    "instantly_warmup_tag_id", "created_at", "updated_at", "email_domains",
}  # fmt: skip


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[RunningStack]:
    async with running_stack() as running:
        yield running


async def test_a_puffle_client_registers_verifies_creates_and_retries(stack: RunningStack) -> None:
    client = Puffle(stack.base_url, stack.keys["puffle"])

    def story() -> None:
        domain = client.create_email_domain("clients.example")
        assert client.wait_until_verified(domain["id"]) == "verified"
        account = client.create_email_account("Ada.L", domain["id"], first_name="Ada", last_name="Lovelace")
        assert set(account) >= ACCOUNT_FIELDS
        assert account["email_address"] == "ada.l@clients.example"
        assert account["display_name"] == "Ada Lovelace"
        assert (account["status"], account["warmup_status"]) == ("warming", "warming")
        assert client.retry_warmup(account["id"])[0] == 409
        assert client.create_status("ada.l", domain["id"]) == 409
        stalled = client.create_email_account("fail-warmup", domain["id"])
        assert (stalled["status"], stalled["warmup_status"]) == ("pending", "not_started")
        assert client.retry_warmup(stalled["id"])[0] == 502

    await asyncio.to_thread(story)


async def test_a_myagentmail_client_creates_repeats_and_reads(stack: RunningStack) -> None:
    client = MyAgentMail(stack.base_url, stack.keys["myagentmail"])
    other = MyAgentMail(stack.base_url, stack.keys_other["myagentmail"])

    def story() -> None:
        status, made = client.create_inbox(username="clara", displayName="Clara")
        assert status == 201
        assert made["email"] == made["canonicalEmail"] == "clara@myagentmail.com"
        assert made["apiKey"]
        assert made["imap"]["password"] == made["smtp"]["password"] == made["imapPassword"]
        status, again = client.create_inbox(username="clara")
        assert (status, again["existed"], again["id"]) == (200, True, made["id"])
        assert not {"apiKey", "imapPassword"} & set(again)
        assert client.get_inbox(made["id"])["imapPassword"] == made["imapPassword"]
        status, suffixed = other.create_inbox(username="clara")
        assert (status, suffixed["username"]) == (201, "clara1")
        status, taken = other.create_inbox(strict=True, username="clara")
        assert (status, taken["code"]) == (409, "USERNAME_TAKEN")

    await asyncio.to_thread(story)


async def test_a_sendmux_client_creates_replays_and_follows(stack: RunningStack) -> None:
    client = Sendmux(stack.base_url, stack.keys["sendmux"])

    def story() -> None:
        status, body, location = client.create_mailbox("Agent@myagent.mx", "mailboxes-create-1")
        assert status == 201
        assert location is not None
        assert body["ok"] is True
        data = body["data"]
        assert data["mailbox"]["id"].startswith("mbx_")
        assert data["mailbox"]["email"] == "agent@myagent.mx"
        assert data["api_key"]["key"]
        assert data["imap_smtp_credentials"]["password"]
        assert client.follow(location)["data"]["id"] == data["mailbox"]["id"]
        assert client.create_mailbox("Agent@myagent.mx", "mailboxes-create-1") == (201, body, location)
        status, conflict, _ = client.create_mailbox("other@myagent.mx", "mailboxes-create-1")
        assert (status, conflict["error"]["code"]) == (409, "idempotency_conflict")

    await asyncio.to_thread(story)
