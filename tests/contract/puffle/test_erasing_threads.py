"""What is written in a thread is nowhere but where it has to be; once the thread is erased, neither that nor a name is left."""

from __future__ import annotations

import secrets

import httpx
import pytest

from tests.contract.puffle.driver import Json, Puffle, fresh
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack
from tests.support.traces import traces

MAY_HOLD = {"table content.part", "table content.attachment", "table gateway.request"}
"""Drafts and messages, what files are called, and answers that are kept for repetitions."""
ON_THE_WAY = {"topic mailwright.threads.v1"}
"""Who wrote to whom is in events, and those stay on their topic for as long as the broker keeps them."""


@pytest.mark.promise("I14", "R32")
async def test_an_erased_thread_leaves_no_word_that_was_written_in_it_and_nobodys_name(
    puffle: Puffle, domain: Json, sim: Simulated, stack: RunningStack
) -> None:
    account = await puffle.account(name := fresh("eraser"), domain)
    await puffle.warmup(account["id"], "disable")
    words = {
        each: f"canary{each}{secrets.token_hex(8)}"
        for each in ("subject", "text", "html", "file", "inside", "reply")
    }
    people = {each: f"canary{each}{secrets.token_hex(8)}" for each in ("person", "renamed", "address")}
    path = await write(puffle.http, account["id"], words, people)
    await hear_back(puffle.http, sim, path, f"{name}@{domain['domain']}", words)

    held = await traces(stack, list(words.values()))
    files = {each for each in held if each.startswith("file objects/")}
    assert files
    assert held - files == MAY_HOLD
    named = await traces(stack, list(people.values()))
    assert {"table gateway.event", "table gateway.event_log", "table threads.event_log", *ON_THE_WAY} < named

    answer = await puffle.http.delete(path)
    assert answer.status_code == 200, answer.text

    async def is_gone() -> bool:
        left = await traces(stack, list(words.values()))
        assert not left, left
        named = await traces(stack, list(people.values()))
        assert named <= ON_THE_WAY, named
        return True

    await eventually(is_gone, within=30, every=1.0, what="every word and every name is gone")
    assert (await puffle.http.get(path)).status_code == 404


async def write(
    http: httpx.AsyncClient, account_id: str, words: dict[str, str], people: dict[str, str]
) -> str:
    """Draft and send a mail that has a file, everything in it words to look for; returns the thread's path."""
    draft = {
        "participant_email": f"{people['address']}@hopper.example",
        "participant_name": people["person"],
        "account_id": account_id,
        "draft_subject": words["subject"],
    }
    created = await http.post("/api/threads", json=draft, headers={"Idempotency-Key": fresh("key")})
    assert created.status_code == 201, created.text
    refused = await http.post("/api/threads", json=draft, headers={"Idempotency-Key": fresh("key")})
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_exists")
    path = f"/api/threads/{created.json()['thread']['id']}"
    file = {"file": (f"{words['file']}.txt", f"There is {words['inside']} in it.")}
    uploaded = await http.post(f"{path}/attachments", files=file, headers={"Idempotency-Key": fresh("key")})
    assert uploaded.status_code == 201, uploaded.text
    message = {
        "body_text": words["text"],
        "body_html": f"<p>{words['html']}</p>",
        "attachments": [uploaded.json()["attachment"]],
    }
    sent = await http.post(f"{path}/messages", json=message, headers={"Idempotency-Key": fresh("key")})
    assert sent.status_code == 201, sent.text
    assert sent.json()["message"]["status"] == "sent"
    again = await http.patch(
        path,
        json={
            "participant_name": people["renamed"],
            "draft_body_text": words["text"],
            "draft_subject": words["subject"],
        },
    )
    assert again.status_code == 200, again.text
    return path


async def hear_back(
    http: httpx.AsyncClient, sim: Simulated, path: str, address: str, words: dict[str, str]
) -> None:
    """Let an answer arrive, and wait until it is in the thread."""
    thread = (await http.get(path)).json()["thread"]
    sim.post(
        "/_sim/inbound",
        {
            "to": address,
            "from": thread["participant_email"],
            "subject": words["reply"],
            "text": words["reply"],
        },
    )

    async def arrived() -> bool:
        return len((await http.get(f"{path}/messages")).json()["messages"]) == 2

    await eventually(arrived, within=20, what="the answer arrived")
