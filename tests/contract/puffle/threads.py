"""Threads as a Puffle client drafts, reads and sends them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.contract.puffle.driver import Json, Puffle, fresh
from tests.support.simulator import Simulated

THREADS = "/api/threads"

SUMMARY = {
    "id", "user_id", "channel", "status", "inbox_state", "account_id", "campaign_id", "participant_email",
    "participant_name", "sent_count", "received_count", "unread_count", "bounced", "last_message_at",
    "last_message_direction", "last_inbound_at", "created_at", "updated_at",
}  # fmt: skip
DRAFT = {
    "draft_subject", "draft_body_text", "draft_body_html", "draft_cc", "draft_bcc", "draft_attachments",
}  # fmt: skip
THREAD = SUMMARY | DRAFT
MESSAGE = {
    "id", "conversation_id", "thread_id", "account_id", "direction", "status", "from_email", "to_email", "subject",
    "body_text", "body_html", "cc", "bcc", "attachments", "threading_mode", "message_id", "in_reply_to", "failure",
    "sent_at", "created_at", "updated_at",
}  # fmt: skip
NOBODY_ELSE = {"exists": False, "total": 0, "threads": []}
"""What is told of the other threads with a recipient when there are none."""


def somebody(name: str = "grace") -> str:
    """Return an address that no other test writes to."""
    return f"{fresh(name)}@elsewhere.example"


async def sender(puffle: Puffle, domain: Json, name: str = "sender") -> Json:
    """Return an account that may send: its warmup was ended by its owner."""
    account = await puffle.account(fresh(name), domain)
    answer = await puffle.warmup(account["id"], "disable")
    assert answer.status_code == 200, answer.text
    ready: Json = answer.json()["account"]
    assert ready["status"] == "active", ready
    return ready


async def ask(
    puffle: Puffle, account: Json | None = None, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    """Ask for a thread."""
    body = {"account_id": account["id"], **fields} if account else fields
    return await puffle.http.post(THREADS, json=body, headers=headers)


async def draft(puffle: Puffle, account: Json | None = None, **fields: Any) -> Json:
    """Draft a thread and return it as the 201 shows it."""
    answer = await ask(puffle, account, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["thread"])


async def read(puffle: Puffle, thread: Json) -> Json:
    """Return a thread with everything around it."""
    answer = await puffle.http.get(f"{THREADS}/{thread['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def change(puffle: Puffle, thread: Json, **fields: Any) -> httpx.Response:
    """Ask for a change of a thread."""
    return await puffle.http.patch(f"{THREADS}/{thread['id']}", json=fields)


async def send(
    puffle: Puffle, thread: Json, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    """Send a message in a thread."""
    body = {"body_text": "May I ask you something?", **fields}
    return await puffle.http.post(f"{THREADS}/{thread['id']}/messages", json=body, headers=headers)


async def listed(puffle: Puffle, **parameters: str) -> list[str]:
    """Return the ids of the threads that a list shows, in order."""
    answer = await puffle.http.get(THREADS, params=parameters)
    assert answer.status_code == 200, answer.text
    return [str(each["id"]) for each in answer.json()["threads"]]


def mails(sim: Simulated, message_id: str) -> list[Json]:
    """Return the mails that really left under a Message-ID."""
    return [entry for entry in sim.ledger("message.sent") if entry["subject"] == message_id]
