"""MyAgentMail over real HTTP with its owners played: what is asked of them, what is written down, and what calls in between see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.gateway.mail_servers import MailServers
from services.gateway.requests.render import rendering
from services.gateway.security.keys import KeyKind
from services.gateway.subscribers import Projector
from shared.clock import SystemClock
from shared.contracts.accounts import AccountProvisioned, AccountStatus, Credential
from shared.contracts.answers import Outcome
from shared.contracts.domains import DomainRegistered, DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.security.vault import MasterKeys, Vault
from tests.support.gateway import MASTER_KEYS, GatewaySide, answer_to, gateway_side
from tests.support.gateway_events import START, account_state, domain_state, recorded

INBOXES, WORKSPACES, DOMAINS = "/v1/inboxes", "/v1/workspaces", "/v1/domains"
ASYNC = {"Prefer": "respond-async"}
PASSWORD = "am_secret_of_the_inbox"
CREDENTIAL = UUID(int=0xC1)


@pytest.fixture
async def agent(gateway: GatewaySide) -> AsyncIterator[httpx.AsyncClient]:
    """A tenant with its master key; the vault holds the credential of its inbox."""
    key = await gateway.key(kind=KeyKind.TENANT)
    keys = MasterKeys.parse(MASTER_KEYS)
    gateway.projector = Projector(rendering(MailServers()), SystemClock(), keys, lambda _: None)
    async with gateway.pool.acquire() as connection:
        await Vault(keys).put(
            connection, id=CREDENTIAL, tenant_id=key.tenant_id, kind="inbox_credential", secret=PASSWORD
        )
    async with gateway.client(key) as client:
        yield client


def provisioned(request: dict[str, Any], username: str = "scout") -> Recorded:
    """The fact of an inbox that a create request asked for."""
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = account_state(
        request["subject_id"],
        AccountStatus.PROVISIONED,
        dialect=Dialect.MYAGENTMAIL,
        plan=request["data"]["plan"],
        username=username,
        address=f"{username}@myagentmail.com",
        domain="myagentmail.com",
        credential_ref=CREDENTIAL,
        credentials=(Credential(id=CREDENTIAL, name="default", created_at=START),),
        **owner,
    )
    return recorded(AccountProvisioned(account=state), request["subject_id"], 1, **owner)


def claimed(request: dict[str, Any]) -> Recorded:
    """The fact of a domain that a create request asked for."""
    owner = {"tenant_id": request["tenant_id"], "workspace_id": request["workspace_id"]}
    state = domain_state(
        request["subject_id"],
        DomainStatus.PENDING,
        dialect=Dialect.MYAGENTMAIL,
        domain="acme.example",
        **owner,
    )
    return recorded(DomainRegistered(domain=state), request["subject_id"], 1, **owner)


async def made(gateway: GatewaySide, agent: httpx.AsyncClient) -> dict[str, Any]:
    """Make an inbox and return its request."""
    await agent.post(INBOXES, json={"username": "scout"}, headers=ASYNC)
    [request] = await gateway.open_requests()
    await gateway.project(provisioned(request), answer_to(request, needs={"account": 1}))
    return request


@pytest.mark.contract("S2-7", "S2-10", "S2-12", "S2-13")
async def test_a_creation_asks_for_the_name_as_it_was_given_and_for_nobody_to_be_told_of(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    await agent.post(INBOXES, json={"username": "scout"}, params={"strict": "true"}, headers=ASYNC)
    await agent.post(INBOXES, json={"displayName": "Nameless", "domain": "ACME.example"}, headers=ASYNC)

    named, nameless = [each["data"] for each in await gateway.open_requests(2)]
    assert (named["username"], named["domain"], named["naming"]) == (
        "scout",
        "myagentmail.com",
        "own_or_exact",
    )
    assert named["name_source"] is None
    assert (nameless["username"], nameless["domain"]) == (None, "acme.example")
    assert (nameless["naming"], nameless["name_source"]) == ("own_or_suffixed", "Acme")


@pytest.mark.contract("S2-27", "S2-30", "A34")
async def test_secrets_are_in_the_answer_and_in_no_row_or_event(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    asked = asyncio.create_task(
        agent.post(INBOXES, json={"username": "scout"}, headers={"Idempotency-Key": "once"})
    )
    [request] = await gateway.open_requests()
    await gateway.project(provisioned(request), answer_to(request, needs={"account": 1}))

    inbox = (await asked).json()
    replay = await agent.post(INBOXES, json={"username": "scout"}, headers={"Idempotency-Key": "once"})

    assert inbox["imapPassword"] == PASSWORD
    assert replay.json() == inbox
    rows = await gateway.pool.fetch("select body, data::text, headers::text from request")
    kept = (
        b"".join(row["body"] or b"" for row in rows)
        + str(rows).encode()
        + str(await gateway.events()).encode()
    )
    for secret in (PASSWORD, inbox["apiKey"], inbox["apiKey"].rsplit("_", 1)[1]):
        assert secret.encode() not in kept


async def test_a_name_that_was_somebodys_already_reads_as_that_inbox_at_either_id(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    first = await made(gateway, agent)
    later = await agent.post(INBOXES, json={"username": "scout"}, headers=ASYNC)
    [second] = await gateway.open_requests()

    undecided = await agent.get(later.headers["location"])
    answer = answer_to(second, Outcome.MATCHED, subject_id=first["subject_id"], needs={"account": 1})
    await gateway.project(answer)
    decided = await agent.get(later.headers["location"])

    assert later.status_code == 202
    assert (undecided.json()["status"], undecided.json()["email"]) == ("provisioning", None)
    assert undecided.json()["imapPassword"] is None
    assert decided.json()["id"] == str(first["subject_id"])
    assert decided.json()["imapPassword"] == PASSWORD


async def test_a_refused_name_reads_as_failed_and_is_in_no_list(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    later = await agent.post(INBOXES, json={"username": "scout"}, headers=ASYNC)
    path = later.headers["location"]
    [request] = await gateway.open_requests()
    early = await agent.patch(path, json={"displayName": "Scout"})
    await gateway.project(answer_to(request, Outcome.REFUSED, code="username_taken", message="Taken."))

    read, listed = await agent.get(path), await agent.get(INBOXES)

    assert (early.status_code, early.json()["code"]) == (409, "INBOX_NOT_READY")
    assert (read.json()["status"], read.json()["failure"]["code"]) == ("failed", "USERNAME_TAKEN")
    assert listed.json() == {"inboxes": []}
    for refused in (await agent.delete(path), await agent.patch(path, json={"displayName": "Scout"})):
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    assert not await gateway.pool.fetch("select 1 from request where state = 'open'"), "nobody was asked"


async def test_a_workspace_goes_with_a_request_for_everything_in_it_or_not_at_all(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    workspace = (await agent.post(WORKSPACES, json={"name": "Sales"})).json()["id"]
    inside = {"workspaceId": workspace}
    await agent.post(INBOXES, json={"username": "made", **inside}, headers=ASYNC)
    [first] = await gateway.open_requests()
    await gateway.project(provisioned(first, "made"), answer_to(first, needs={"account": 1}))
    await agent.post(DOMAINS, json={"domain": "acme.example", **inside}, headers=ASYNC)
    [claim] = await gateway.open_requests()
    await gateway.project(claimed(claim), answer_to(claim, needs={"domain": 1}))
    await agent.post(INBOXES, json={"username": "about-to-be-made", **inside}, headers=ASYNC)
    await agent.post(INBOXES, json={"username": "elsewhere"}, headers=ASYNC)
    open_before = {each["id"]: each for each in await gateway.open_requests(2)}
    headers = {"Idempotency-Key": "once"}

    answers = [await agent.delete(f"{WORKSPACES}/{workspace}", headers=headers) for _ in range(2)]
    again = await agent.delete(f"{WORKSPACES}/{workspace}")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.json()["code"]) == (404, "NOT_FOUND")
    told = [each for each in await gateway.open_requests(5) if each["id"] not in open_before]
    unmade = next(each for each in open_before.values() if each["data"]["username"] == "about-to-be-made")
    assert {(each["kind"], each["subject_id"]) for each in told} == {
        ("account.delete", first["subject_id"]),
        ("account.delete", unmade["subject_id"]),
        ("domain.delete", claim["subject_id"]),
    }
    assert all(each["data"]["cascade"] for each in told if each["kind"] == "domain.delete")
    asked = await agent.post(INBOXES, json={"username": "late", **inside})
    assert (asked.status_code, asked.json()["code"]) == (404, "NOT_FOUND")


async def test_an_empty_workspace_goes_with_no_request(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    workspace = (await agent.post(WORKSPACES, json={"name": "Sales"})).json()["id"]

    answer = await agent.delete(f"{WORKSPACES}/{workspace}")

    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "id": workspace})
    assert not await gateway.pool.fetch("select 1 from request")


async def test_a_workspace_that_another_dialect_uses_is_not_deleted(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    workspace = (await agent.post(WORKSPACES, json={"name": "Sales"})).json()["id"]
    await gateway.key(workspace="Sales", kind=KeyKind.PUFFLE)

    refused = await agent.delete(f"{WORKSPACES}/{workspace}")

    assert (refused.status_code, refused.json()["code"]) == (409, "WORKSPACE_IN_USE")
    assert (await agent.get(f"{WORKSPACES}/{workspace}")).status_code == 200


async def test_a_key_makes_none_that_may_do_more_than_itself(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    workspace = (await agent.get(WORKSPACES)).json()["workspaces"][0]["id"]
    limited = await gateway.key(kind=KeyKind.TENANT, scopes=("inboxes:read", "workspaces:write"))
    async with gateway.client(limited) as client:
        made_key = (await client.post(f"{WORKSPACES}/{workspace}/keys")).json()["key"]

    async with gateway.client(made_key) as client:
        read, write = await client.get(INBOXES), await client.post(INBOXES, json={})

    assert (read.status_code, write.status_code) == (200, 403)


async def test_a_repeated_removal_is_answered_when_the_inbox_is_gone(
    gateway: GatewaySide, agent: httpx.AsyncClient
) -> None:
    request = await made(gateway, agent)
    path, headers = f"{INBOXES}/{request['subject_id']}", {"Idempotency-Key": "once"}
    asked = asyncio.create_task(agent.delete(path, headers=headers))
    [removal] = await gateway.open_requests()
    await gateway.project(answer_to(removal))
    first = await asked

    replay = await agent.delete(path, headers=headers)

    assert first.status_code == replay.status_code == 200
    assert first.content == replay.content
    assert replay.headers["idempotent-replayed"] == "true"


@pytest.mark.contract("A60")
async def test_a_gateway_that_waits_for_too_many_says_so_in_two_fields(database_url: str) -> None:
    async with gateway_side(database_url, gateway_waiting_calls=0) as gateway:
        key = await gateway.key(kind=KeyKind.TENANT)
        async with gateway.client(key) as client:
            answer = await client.post(INBOXES, json={})

    assert answer.status_code == 503
    assert set(answer.json()) == {"error", "code"}
    assert answer.json()["code"] == "SERVICE_UNAVAILABLE"
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.contract("S2-37")
async def test_clients_are_told_the_mail_servers_of_the_installation(database_url: str) -> None:
    running = gateway_side(
        database_url,
        imap_host="imap.acme.example",
        imap_port=1993,
        smtp_host="smtp.acme.example",
        smtp_port=587,
    )
    async with running as gateway, gateway.client(await gateway.key(kind=KeyKind.TENANT)) as client:
        inbox = (await client.post(INBOXES, json={"username": "scout"}, headers=ASYNC)).json()

    assert (inbox["imap"]["host"], inbox["imap"]["port"], inbox["imap"]["tls"]) == (
        "imap.acme.example",
        1993,
        True,
    )
    assert (inbox["smtp"]["host"], inbox["smtp"]["port"], inbox["smtp"]["starttls"]) == (
        "smtp.acme.example",
        587,
        True,
    )
