"""Changing and removing accounts and domains over real HTTP: what is asked of the owner, and what its answers become."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.accounts import AccountDeleted, AccountDeleting, AccountStatus
from shared.contracts.answers import Outcome
from shared.contracts.domains import DomainDeleted, DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupStatus
from tests.support.gateway import GatewaySide, answer_to, came_to_be
from tests.support.gateway_events import account_state, domain_state, recorded

ACCOUNTS, DOMAINS = "/api/email/accounts", "/api/email/domains"
DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
ASYNC = {"Prefer": "respond-async"}
GONE = {"success": True}


async def created(
    gateway: GatewaySide, api: httpx.AsyncClient, warmup: WarmupStatus = WarmupStatus.WARMING
) -> dict[str, Any]:
    """Create an account whose warmup is as given and return its request."""
    await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    [request] = await gateway.open_requests()
    await gateway.project(*came_to_be(request, warmup), answer_to(request, needs={"account": 1, "warmup": 1}))
    return request


async def claimed(gateway: GatewaySide, api: httpx.AsyncClient) -> dict[str, Any]:
    """Claim a domain and return its request."""
    await api.post(DOMAINS, json={"domain": "example.com"}, headers=ASYNC)
    [request] = await gateway.open_requests()
    await gateway.project(
        claim_fact(request, DomainStatus.VERIFIED, 1), answer_to(request, needs={"domain": 1})
    )
    return request


def account_fact(request: dict[str, Any], status: AccountStatus, version: int, **changes: Any) -> Recorded:
    """A later fact about the account of a create request."""
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = account_state(request["subject_id"], status, **owner, **changes)
    kind = AccountDeleted if status is AccountStatus.DELETED else AccountDeleting
    return recorded(kind(account=state), request["subject_id"], version, **owner)


def claim_fact(request: dict[str, Any], status: DomainStatus, version: int) -> Recorded:
    """A fact about the claim of a create request."""
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = domain_state(request["subject_id"], status, **owner)
    return recorded(DomainDeleted(domain=state), request["subject_id"], version, **owner)


@pytest.mark.parametrize("twin", [ACCOUNTS, "/api/accounts"])
async def test_a_removal_is_asked_of_the_owner_and_done_once_the_account_is_gone(
    gateway: GatewaySide, api: httpx.AsyncClient, twin: str
) -> None:
    account = (await created(gateway, api))["subject_id"]
    path = f"{ACCOUNTS}/{account}"

    asked = asyncio.create_task(api.delete(f"{twin}/{account}"))
    [request] = await gateway.open_requests()
    meanwhile = await api.delete(path, headers=ASYNC)
    for each in await gateway.open_requests(2):
        await gateway.project(answer_to(each, needs={"account": 3}))
    assert not asked.done(), "the row still shows the account"
    await gateway.project(
        account_fact(request, AccountStatus.DELETING, 2), account_fact(request, AccountStatus.DELETED, 3)
    )

    answer = await asked
    assert (answer.status_code, answer.json()) == (200, GONE)
    assert (meanwhile.status_code, meanwhile.headers["location"]) == (202, path)
    assert meanwhile.json()["account"]["id"] == str(account)
    assert (request["kind"], request["subject_id"]) == ("account.delete", account)
    for again in (await api.get(path), await api.delete(path), await api.get(f"/api/senders/{account}")):
        assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert (await api.get(ACCOUNTS)).json()["accounts"] == []


async def test_a_removal_that_is_done_when_the_wait_ends_is_done(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    account = (await created(gateway, api))["subject_id"]
    headers = {**ASYNC, "Idempotency-Key": "once"}
    await api.delete(f"{ACCOUNTS}/{account}", headers=headers)
    [request] = await gateway.open_requests()
    await gateway.project(account_fact(request, AccountStatus.DELETED, 2))

    again = await api.delete(f"{ACCOUNTS}/{account}", headers=headers)

    assert (again.status_code, again.json()) == (200, GONE)


async def test_a_creation_that_a_removal_overtook_is_a_conflict(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    creating = asyncio.create_task(api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}))
    [request] = await gateway.open_requests()
    deleting = asyncio.create_task(api.delete(f"{ACCOUNTS}/{request['subject_id']}"))
    removal = (await gateway.open_requests(2))[1]
    await gateway.project(
        account_fact(request, AccountStatus.DELETED, 2),
        answer_to(request, Outcome.REFUSED, code="account_deleted", message="It was deleted."),
        answer_to(removal, needs={"account": 2}),
    )

    refused = await creating

    assert (refused.status_code, refused.json()["code"]) == (409, "account_deleted")
    assert (await deleting).json() == GONE
    assert (await api.get(f"{ACCOUNTS}/{request['subject_id']}")).status_code == 404


async def test_an_account_that_failed_and_was_deleted_is_gone_for_good(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    [request] = await gateway.open_requests()
    path = f"{ACCOUNTS}/{request['subject_id']}"
    await gateway.project(
        answer_to(request, Outcome.FAILED, code="provider_refused", message="No."),
    )
    assert (await api.get(path)).json()["account"]["status"] == "failed"

    await gateway.project(
        account_fact(request, AccountStatus.DELETING, 1), account_fact(request, AccountStatus.DELETED, 2)
    )

    assert (await api.get(path)).status_code == 404


async def test_a_signature_is_asked_of_the_owner(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    create = await created(gateway, api)
    path = f"{ACCOUNTS}/{create['subject_id']}"
    asked = asyncio.create_task(api.patch(path, json={"signature": "Ada\r\nCountess"}))
    [request] = await gateway.open_requests()
    await gateway.project(
        account_fact(create, AccountStatus.PROVISIONED, 2, signature="Ada\nCountess"),
        answer_to(request, needs={"account": 2}),
    )

    answer = await asked

    assert (answer.status_code, answer.json()["account"]["signature"]) == (200, "Ada\nCountess")
    assert request["kind"] == "account.change"
    assert request["data"]["changed"] == ["signature"]
    assert request["data"]["changes"]["signature"] == "Ada\nCountess"


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("provider_refused", 502, "provider_refused"),
        ("provider_unavailable", 502, "provider_unavailable"),
        ("account_not_found", 404, "not_found"),
        ("account_not_active", 409, "wrong_state"),
        ("account_deleted", 409, "account_deleted"),
    ],
)
async def test_a_refused_change_has_its_status_and_changes_nothing(
    gateway: GatewaySide, api: httpx.AsyncClient, code: str, status: int, shown: str
) -> None:
    path = f"{ACCOUNTS}/{(await created(gateway, api))['subject_id']}"
    before = (await api.get(path)).json()
    asked = asyncio.create_task(api.patch(path, json={"signature": ""}))
    [request] = await gateway.open_requests()
    await gateway.project(answer_to(request, Outcome.FAILED, code=code, message="No."))

    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (status, shown)
    if shown == "wrong_state":
        assert (answer.json()["status"], answer.json()["warmup_status"]) == ("warming", "warming")
    assert (await api.get(path)).json() == before


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "invalid_request", "signature"),
        ({"signature": None}, "invalid_request", "signature"),
        ({"signature": 7}, "invalid_request", "signature"),
        ({"signature": "x" * 10_001}, "invalid_request", "signature"),
        ({"signature": "a\tb"}, "invalid_request", "signature"),
        ({"signature": "a\u2028b"}, "invalid_request", "signature"),
        ({"signature": "a\u0000b"}, "invalid_request", "signature"),
        ({"signature": "Ada", "display_name": "Ada"}, "unknown_field", "display_name"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_by_name(
    gateway: GatewaySide, api: httpx.AsyncClient, body: dict[str, Any], code: str, named: str
) -> None:
    answer = await api.patch(f"{ACCOUNTS}/{(await created(gateway, api))['subject_id']}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert named in answer.json()["error"]


@pytest.mark.parametrize(
    ("word", "kind"), [("pause", "account.pause_warmup"), ("disable", "account.disable_warmup")]
)
async def test_a_warmup_command_takes_a_reason_or_nothing(
    gateway: GatewaySide, api: httpx.AsyncClient, word: str, kind: str
) -> None:
    path = f"{ACCOUNTS}/{(await created(gateway, api))['subject_id']}/{word}-warmup"

    bodies: tuple[dict[str, Any], ...] = ({}, {"json": {}}, {"json": {"reason": "The domain moves."}})
    for sent in bodies:
        answer = await api.patch(path, headers=ASYNC, **sent)
        assert answer.status_code == 202
    untyped = await api.patch(path, content=b'{"reason": "x"}', headers=ASYNC)
    unknown = await api.patch(path, json={"raeson": "x"})

    asked = await gateway.open_requests(3)
    assert [each["kind"] for each in asked] == [kind] * 3
    assert [each["data"]["reason"] for each in asked] == [None, None, "The domain moves."]
    assert (untyped.status_code, untyped.json()["code"]) == (415, "unsupported_media_type")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_field")


async def test_resuming_takes_nothing(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    path = f"{ACCOUNTS}/{(await created(gateway, api))['subject_id']}/resume-warmup"

    refused = await api.patch(path, json={"reason": "x"})
    assert (await api.patch(path, headers=ASYNC)).status_code == 202

    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_field")
    assert [each["kind"] for each in await gateway.open_requests()] == ["account.resume_warmup"]


@pytest.mark.parametrize("word", ["pause", "resume", "disable", "retry"])
async def test_a_warmup_that_cannot_be_changed_now_says_how_it_stands(
    gateway: GatewaySide, api: httpx.AsyncClient, word: str
) -> None:
    path = f"{ACCOUNTS}/{(await created(gateway, api))['subject_id']}/{word}-warmup"
    asked = asyncio.create_task(api.patch(path))
    [request] = await gateway.open_requests()
    await gateway.project(answer_to(request, Outcome.REFUSED, code="wrong_state", message="Not now."))

    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert (answer.json()["status"], answer.json()["warmup_status"]) == ("warming", "warming")


@pytest.mark.parametrize("word", ["pause", "resume", "disable"])
async def test_an_account_without_a_warmup_is_refused_before_anything_is_asked(
    gateway: GatewaySide, api: httpx.AsyncClient, word: str
) -> None:
    account = await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    path = f"{ACCOUNTS}/{account.json()['account']['id']}/{word}-warmup"

    answer = await api.patch(path)

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert answer.json()["status"] == "provisioning"
    assert len(await gateway.open_requests()) == 1


async def test_a_domain_is_removed_with_its_accounts(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    claim = await claimed(gateway, api)
    path = f"{DOMAINS}/{claim['subject_id']}"
    asked = asyncio.create_task(api.delete(path))
    [request] = await gateway.open_requests()
    await gateway.project(claim_fact(claim, DomainStatus.DELETING, 2))
    meanwhile = (await api.get(path)).json()["domain"]["status"]
    await gateway.project(claim_fact(claim, DomainStatus.DELETED, 3), answer_to(request, needs={"domain": 3}))

    answer = await asked

    assert (answer.status_code, answer.json()) == (200, GONE)
    assert meanwhile == "deleting"
    assert (request["kind"], request["data"]["cascade"]) == ("domain.delete", True)
    assert (await api.get(path)).status_code == (await api.delete(path)).status_code == 404
    assert (await api.get(DOMAINS)).json()["domains"] == []


async def test_a_domains_status_is_overridden_but_never_to_verified(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    claim = await claimed(gateway, api)
    path = f"{DOMAINS}/{claim['subject_id']}"

    for body in ({"status": "verified"}, {"status": "deleted"}, {"status": None}, {"status": 1}, {}):
        refused = await api.patch(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request"), body
        assert "status" in refused.json()["error"]
    asked = asyncio.create_task(api.patch(path, json={"status": "failed"}))
    [request] = await gateway.open_requests()
    await gateway.project(claim_fact(claim, DomainStatus.FAILED, 2), answer_to(request, needs={"domain": 2}))

    answer = await asked
    assert (answer.status_code, answer.json()["domain"]["status"]) == (200, "failed")
    assert (request["kind"], request["data"]["status"]) == ("domain.change", "failed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", ACCOUNTS), ("DELETE", ACCOUNTS), ("PATCH", DOMAINS), ("DELETE", DOMAINS), ("DELETE", "/api/accounts"),
        ("GET", "/api/senders"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_404_and_what_is_no_id_400(
    api: httpx.AsyncClient, method: str, path: str
) -> None:
    body = {"json": {"signature": "x"} if path == ACCOUNTS else {"status": "failed"}}
    sent: Any = body if method == "PATCH" else {}

    for nobody in (UUID(int=0), DOMAIN, "ffffffff-ffff-ffff-ffff-ffffffffffff"):
        answer = await api.request(method, f"{path}/{nobody}", **sent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    malformed = await api.request(method, f"{path}/analytics", **sent)
    assert (malformed.status_code, malformed.json()["code"]) == (400, "invalid_request")


async def test_senders_are_the_accounts_of_every_channel(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    account = (await created(gateway, api))["subject_id"]

    [listed] = (await api.get("/api/senders")).json()["accounts"]
    older = (await api.get("/api/accounts")).json()["accounts"]
    sender = (await api.get(f"/api/senders/{account}")).json()

    known = (await api.get(f"{ACCOUNTS}/{account}")).json()["account"]
    assert older == [listed]
    assert {field: listed[field] for field in known} == known
    assert {field for field in listed if field not in known} == {
        "provider_account_id", "profile_url", "is_premium", "has_sales_navigator", "weekly_connection_limit",
        "weekly_message_limit",
    }  # fmt: skip
    assert sender["account"] == {**listed, "stats": {"today_sent": 0, "today_committed": 0}}
    assert (sender["campaigns"], sender["mappings"]) == ([], [])


async def test_a_list_is_whole_unless_a_page_is_asked_for(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    for number in range(3):
        await api.post(ACCOUNTS, json={"username": f"a{number}", "domain_id": DOMAIN}, headers=ASYNC)
    requests = await gateway.open_requests(3)
    for request in requests:
        await gateway.project(*came_to_be(request), answer_to(request, needs={"account": 1}))

    whole = (await api.get(ACCOUNTS)).json()
    page = (await api.get(ACCOUNTS, params={"limit": 2})).json()
    rest = (await api.get(ACCOUNTS, params={"limit": 2, "cursor": page["next_cursor"]})).json()

    names = [each["email_address"] for each in whole["accounts"]]
    assert names == ["a2@example.com", "a1@example.com", "a0@example.com"]
    assert whole["next_cursor"] is rest["next_cursor"] is None
    assert page["accounts"] + rest["accounts"] == whole["accounts"]
