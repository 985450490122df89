"""What the load writes: a thread that is drafted, sent with a file, answered by mail, replied to, and put away or erased."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import httpx

from tests.reliability.mailboxes import answered
from tests.support.callers import Answer, Caller
from tests.support.eventually import eventually

THREADS = "/api/threads"
SILENCED = 3
"""Of so many conversations one is held while our webhook is switched off, so that only a look finds the answer."""
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 1.0


class Sender(NamedTuple):
    """An account that may send."""

    account_id: UUID
    address: str


async def converse(caller: Caller, simulator_url: str, sender: Sender, number: int) -> None:
    """Hold one conversation from the draft to its end (S3-6, S3-27)."""
    caller.in_flight += 1
    try:
        await _converse(caller, simulator_url, sender, number)
    finally:
        caller.in_flight -= 1


async def _converse(caller: Caller, simulator_url: str, sender: Sender, number: int) -> None:
    friend = f"friend-{number}@example.net"
    body = {"account_id": str(sender.account_id), "participant_email": friend, "draft_subject": "Hello"}
    drafted = answered(await caller.ask("POST", THREADS, body=body, key=f"draft {friend}", prefer="wait=30"))
    place = f"{THREADS}/{drafted.json()['thread']['id']}"
    await _seen(caller, place, "status", {"draft"})

    again = await caller.ask("POST", THREADS, body=body, key=f"draft {friend} again", prefer="wait=30")
    assert again is not None, f"nobody answered a second draft to {friend}"
    assert again.status_code in {202, 409}, again.text
    changes = {"draft_cc": f"copy-{number}@example.net"}
    answered(await caller.ask("PATCH", place, body=changes, prefer="wait=30"))
    file = {"file": (f"{number}.txt", b"Enclosed.")}
    uploaded = await caller.ask("POST", f"{place}/attachments", files=file, key=f"file {friend}")
    attachment = answered(uploaded).json()["attachment"]
    del attachment["url"]
    await _send(caller, place, friend, {"body_text": "Hello", "attachments": [attachment]})

    await _answer_by_mail(simulator_url, sender, friend, is_silenced=number % SILENCED == 0)
    await _seen(caller, place, "received_count", {1})
    await _send(caller, place, friend, {"body_text": "Thank you"})
    if number % 2:
        answered(await caller.ask("PATCH", place, body={"status": "archived"}, prefer="wait=30"))
    else:
        await eventually(
            lambda: _is_erased(caller, place),
            within=PATIENCE_SECONDS,
            every=LOOK_SECONDS,
            what=f"{place} is erased",
        )
    caller.answers.append(Answer("converse", friend, 200, sender.account_id))


async def _send(caller: Caller, place: str, friend: str, body: dict[str, Any]) -> None:
    key = f"send {body['body_text']} {friend}"
    got = answered(await caller.ask("POST", f"{place}/messages", body=body, key=key, prefer="wait=30"))
    message = got.json()["message"]
    shown = {"thread_id": message["thread_id"], "status": message["status"]}
    caller.answers.append(Answer("send", friend, got.status_code, UUID(message["id"]), shown))


async def _answer_by_mail(simulator_url: str, sender: Sender, friend: str, *, is_silenced: bool) -> None:
    headers = {"Authorization": "Bearer am_load"}
    async with httpx.AsyncClient(
        base_url=simulator_url, headers=headers, trust_env=False, timeout=30.0
    ) as simulator:
        if is_silenced:
            listed = (await simulator.get("/agentmail/v0/webhooks")).json()["webhooks"]
            for webhook in listed:
                path = f"/agentmail/v0/webhooks/{webhook['webhook_id']}"
                assert (await simulator.patch(path, json={"enabled": False})).status_code == 200
        mail = {"to": sender.address, "from": friend, "subject": "Re: Hello", "text": "Hello to you"}
        assert (await simulator.post("/_sim/inbound", json=mail)).status_code == 201


async def _seen(caller: Caller, place: str, name: str, values: set[object]) -> None:
    async def is_seen() -> bool:
        return answered(await caller.ask("GET", place)).json().get("thread", {}).get(name) in values

    await eventually(
        is_seen, within=PATIENCE_SECONDS, every=LOOK_SECONDS, what=f"{place} has a {name} of {values}"
    )


async def _is_erased(caller: Caller, place: str) -> bool:
    """Ask for the end of a thread; 409 says that a message of it is still on its way."""
    got = await caller.ask("DELETE", place, prefer="wait=30")
    assert got is not None, f"nobody answered the erasure of {place}"
    assert got.status_code in {200, 202, 404, 409}, got.text
    return got.status_code in {200, 404}
