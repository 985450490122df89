"""The demonstration of `mailwright up --demo`: a first domain and account through the public API, told as it happens."""

import asyncio
import time
from typing import Any

import httpx

from mailwright.console import Say

DOMAIN = "demo.example"
USERNAME = "ada"
_LOOK_SECONDS = 0.5
_STEP_SECONDS = 60.0
_LONGEST_WATCHED_DAY_SECONDS = 10.0
_DAYS_TO_GRADUATE = 40


class DemoStopped(Exception):
    """The demonstration cannot go on; the message is one line that tells a person why."""


async def show(api: httpx.AsyncClient, key: str, day_seconds: float, say: Say) -> None:
    """Provision the demo account, or find it, and tell its history; with short days until it may send.

    `api` speaks to the gateway as the owner of `key`. Raises DemoStopped when the API refuses, does not answer, or
    takes too long.
    """
    try:
        domain = await _verified_domain(api, say)
        account = await _account(api, domain["id"], say)
        await _tell_history(api, account["id"], day_seconds, say)
    except httpx.HTTPError as error:
        raise DemoStopped(f"the API did not answer ({type(error).__name__})") from error
    for line in _suggestions(str(api.base_url).rstrip("/"), key, domain["id"], account["id"]):
        say(line)


async def _verified_domain(api: httpx.AsyncClient, say: Say) -> dict[str, Any]:
    known = (await _call(api, "GET", "/api/email/domains"))["domains"]
    domain = next((each for each in known if each["domain"] == DOMAIN), None)
    if domain is None:
        say(f"registering the domain {DOMAIN}")
        domain = (await _call(api, "POST", "/api/email/domains", {"domain": DOMAIN}))["domain"]
    verify = f"/api/email/domains/{domain['id']}/verify"
    if domain["status"] not in {"verified", "verifying"}:
        domain = (await _call(api, "POST", verify))["domain"]
    deadline = time.monotonic() + _STEP_SECONDS
    while domain["status"] != "verified":
        if domain["status"] == "failed" or time.monotonic() > deadline:
            raise DemoStopped(f"the domain {DOMAIN} is {domain['status']}")
        await asyncio.sleep(_LOOK_SECONDS)
        domain = (await _call(api, "POST", f"{verify}?poll=true"))["domain"]
    say(f"the domain {DOMAIN} is verified")
    return dict(domain)


async def _account(api: httpx.AsyncClient, domain_id: str, say: Say) -> dict[str, Any]:
    address = f"{USERNAME}@{DOMAIN}"
    known = (await _call(api, "GET", "/api/email/accounts"))["accounts"]
    account = next((each for each in known if each["email_address"] == address), None)
    if account is None:
        say(f"creating the account {address}")
        names = {"first_name": "Ada", "last_name": "Lovelace"}
        body = {"username": USERNAME, "domain_id": domain_id, **names}
        account = (await _call(api, "POST", "/api/email/accounts", body))["account"]
    say(f"the account {address} is {account['status']}; its history:")
    return dict(account)


async def _tell_history(api: httpx.AsyncClient, account_id: str, day_seconds: float, say: Say) -> None:
    """Tell each event once, until the account warms; where that is soon, until it has graduated."""
    goal, patience = {"warming", "active"}, _STEP_SECONDS
    if day_seconds <= _LONGEST_WATCHED_DAY_SECONDS:
        goal, patience = {"active"}, _STEP_SECONDS + _DAYS_TO_GRADUATE * day_seconds
    path = f"/api/email/accounts/{account_id}"
    told, deadline = 0, time.monotonic() + patience
    while True:
        status = (await _call(api, "GET", path))["account"]["status"]
        events = (await _call(api, "GET", f"{path}/history"))["history"]
        for event in events[told:]:
            say(f"  {event['time']}  {event['event']:<26}  {event['sentence']}")
        told = len(events)
        if status in goal:
            say(f"the account is {status}")
            return
        if status in {"failed", "error"} or time.monotonic() > deadline:
            raise DemoStopped(f"the account is {status}")
        await asyncio.sleep(_LOOK_SECONDS)


async def _call(api: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None = None) -> Any:
    answer = await api.request(method, path, json=body)
    if answer.is_error:
        sentence = answer.json().get("error") if "json" in answer.headers.get("content-type", "") else ""
        raise DemoStopped(f"{method} {path} answered {answer.status_code}: {sentence}")
    return answer.json()


def _suggestions(base_url: str, key: str, domain_id: str, account_id: str) -> tuple[str, ...]:
    key_header = f"-H 'Authorization: Bearer {key}'"
    body = f'{{"username": "fail-sender-1", "domain_id": "{domain_id}"}}'
    create = f"-H 'Content-Type: application/json' -d '{body}'"
    return (
        "try: its history, every account, and one that the warmup provider refuses",
        f"  curl -s {key_header} {base_url}/api/email/accounts/{account_id}/history",
        f"  curl -s {key_header} {base_url}/api/email/accounts",
        f"  curl -s {key_header} {create} {base_url}/api/email/accounts",
    )
