"""What the load asks of the dialect that gives names: inboxes whose names are taken, with a further address, given up in the end."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx

from tests.reliability.mailboxes import answered
from tests.support.callers import Answer, Caller
from tests.support.eventually import eventually

INBOXES = "/v1/inboxes"
DOMAIN = "myagentmail.com"
TAKEN_NAMES: dict[str, object] = {
    # Every other name is somebody else's at the provider, so that an inbox goes on with the next.
    "provider": "agentmail", "operation": "inboxes.create", "match": "renamed-*", "kind": "status", "status": 403,
    "body": {"name": "IsTakenError"}, "probability": 0.5, "seed": 11,
}  # fmt: skip
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 1.0


async def use_agent(caller: Caller, number: int) -> None:
    """Have an inbox made by two who ask for it at once, ask again, add an address and take it off, and delete it (A31)."""
    name = f"renamed-{number}-"
    caller.in_flight += 1
    try:
        asked = await asyncio.gather(*(_ask_for(caller, name, asker) for asker in ("first", "second")))
        later = await _ask_for(caller, name, "third")
        inboxes = [await _ready(caller, response) for response in (*asked, later)]
    finally:
        caller.in_flight -= 1
    assert len({inbox["email"] for inbox in inboxes}) == 1, f"{name} is several inboxes: {inboxes}"
    inbox = inboxes[0]
    place, account_id = f"{INBOXES}/{inbox['id']}", UUID(inbox["id"])
    caller.answers.append(Answer("inbox", inbox["email"], 200, account_id))

    alias = f"help-{number}@{DOMAIN}"
    body = {"email": alias}
    added = await caller.ask("POST", f"{place}/addresses", body=body, key=f"add {alias}", prefer="wait=30")
    assert answered(added).status_code != 404, alias
    caller.answers.append(Answer("alias", alias, answered(added).status_code, account_id))

    async def is_primary() -> bool:
        return bool(answered(await caller.ask("GET", place)).json()["email"] == alias)

    await eventually(is_primary, within=PATIENCE_SECONDS, every=LOOK_SECONDS, what=f"{alias} is added")
    if number % 2:
        answered(await caller.ask("DELETE", f"{place}/addresses/{alias}", prefer="wait=30"))
    deleted = answered(await caller.ask("DELETE", place, prefer="wait=30"))
    caller.answers.append(Answer("delete", inbox["email"], deleted.status_code, account_id))


async def _ask_for(caller: Caller, name: str, asker: str) -> httpx.Response:
    body = {"username": name, "domain": DOMAIN}
    # Without a key, a try that was cut off could be taken up after this inbox is deleted, and make another.
    response = await caller.ask("POST", INBOXES, body=body, key=f"{asker} {name}", prefer="wait=30")
    assert answered(response).status_code != 404, name
    return answered(response)


async def _ready(caller: Caller, asked: httpx.Response) -> dict[str, Any]:
    place = f"{INBOXES}/{asked.json()['id']}"

    async def made() -> dict[str, Any] | None:
        inbox: dict[str, Any] = answered(await caller.ask("GET", place)).json()
        return inbox if inbox["status"] == "active" else None

    found = await eventually(
        made, within=PATIENCE_SECONDS, every=LOOK_SECONDS, what=f"the inbox at {place} is made"
    )
    return dict(found or {})
