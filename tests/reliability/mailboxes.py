"""What the load asks of the dialect whose accounts have no warmup: mailboxes with further keys, given up in the end."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from tests.support.callers import Answer, Caller
from tests.support.eventually import eventually

MAILBOXES = "/api/v1/mailboxes"
DOMAIN = "myagent.mx"
LATE_KEYS: dict[str, object] = {
    # Its caller was cut off before a key was minted: the look for strays must find the one nobody has.
    "provider": "agentmail", "operation": "api_keys.create", "match": "mailbox-*", "kind": "late", "delay_seconds": 4.0,
    "probability": 0.5, "seed": 7,
}  # fmt: skip
LATE_KEY_SECONDS = 10.0
"""Until then the last look for a key that landed late was made, if nobody was killed meanwhile."""


async def use_mailbox(caller: Caller, number: int) -> None:
    """Make a mailbox, change it, issue keys and give one back, and delete it."""
    email = f"mailbox-{number}@{DOMAIN}"

    async def is_decided() -> httpx.Response | None:
        asked = await caller.ask(
            "POST", MAILBOXES, body={"email": email}, key=f"create {email}", prefer="wait=30"
        )
        # An earlier try of this call, whose answer was lost, is still under way.
        return None if asked is not None and asked.status_code == 409 else answered(asked)

    made = await eventually(is_decided, within=300.0, every=1.0, what=f"{email} is asked for")
    assert made is not None
    place = f"{MAILBOXES}/{made.json()['data']['mailbox']['id']}"
    account_id = UUID(place.rpartition("_")[2])
    caller.answers.append(Answer("mailbox", email, made.status_code, account_id))

    async def is_active() -> bool:
        return bool(answered(await caller.ask("GET", place)).json()["data"]["status"] == "active")

    await eventually(is_active, within=300.0, every=1.0, what=f"{email} is active")
    answered(await caller.ask("PATCH", place, body={"display_name": f"Agent {number}"}, prefer="wait=30"))
    for name in ("first", "second"):
        answered(await caller.ask("POST", f"{place}/keys", body={"app_name": name}, prefer="wait=30"))
    keys = answered(await caller.ask("GET", f"{place}/keys")).json()["data"]
    if keys:
        answered(await caller.ask("DELETE", f"{place}/keys/{keys[0]['public_id']}", prefer="wait=30"))
    await asyncio.sleep(LATE_KEY_SECONDS)
    deleted = answered(await caller.ask("DELETE", place, prefer="wait=30"))
    caller.answers.append(Answer("delete", email, deleted.status_code, account_id))


def answered(response: httpx.Response | None) -> httpx.Response:
    """Return an answer that was not a refusal; 404 only says that an earlier try of the same call had done it."""
    assert response is not None, "nobody answered"
    assert response.status_code in {200, 201, 202, 404}, response.text
    return response
