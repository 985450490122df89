"""Who may do what: every kind of key on every route, in one table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from services.gateway.security.keys import KeyKind
from tests.contract.myagentmail.driver import (
    DOMAINS,
    INBOXES,
    PLATFORM,
    WORKSPACES,
    Agent,
    Json,
    error_of,
    fresh,
)
from tests.support.stack import RunningStack

contract = pytest.mark.contract

KINDS = ("tk", "wk", "ak", "sa")


@dataclass(frozen=True)
class Place:
    """A workspace with its master key, and in it an inbox with its key, a domain and another key to revoke."""

    keys: dict[str, str]
    inbox: Json
    workspace: str
    domain: Json
    spare_key: str


@pytest.fixture(scope="module")
async def place(agent: Agent, stack: RunningStack, super_admin: str) -> Place:
    workspace = (await agent.workspace())["id"]
    inbox = await agent.inbox(fresh("scout"), workspaceId=workspace)
    spare = await agent.http.post(f"{WORKSPACES}/{workspace}/keys", json={})
    keys = {
        "tk": stack.keys["myagentmail"],
        "wk": await agent.workspace_key(workspace),
        "ak": inbox["apiKey"],
        "sa": super_admin,
    }
    domain = await agent.domain(workspaceId=workspace)
    return Place(keys, inbox, workspace, domain, spare.json()["id"])


@pytest.fixture(scope="module")
async def client(stack: RunningStack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.base_url, timeout=70.0, trust_env=False) as http:
        yield http


NEW_NAME, NEW_ADDRESS, NEW_DOMAIN, ANY = "a new name", "a new address", "a new domain", None
INBOX, KEY, DOMAIN, WORKSPACE = (
    f"{INBOXES}/:inbox",
    f"{WORKSPACES}/:workspace/keys",
    f"{DOMAINS}/:domain",
    f"{WORKSPACES}/:workspace",
)

TABLE: tuple[tuple[str, str, object, dict[str, int]], ...] = (
    # method, path, body, the status that each kind of key gets for what is its own or its tenant's
    ("POST", INBOXES, NEW_NAME, {"tk": 201, "wk": 201, "ak": 403, "sa": 403}),
    ("GET", INBOXES, ANY, {"tk": 200, "wk": 200, "ak": 403, "sa": 403}),
    ("GET", INBOX, ANY, {"tk": 200, "wk": 200, "ak": 200, "sa": 403}),
    ("PATCH", INBOX, {"displayName": "Scout"}, {"tk": 200, "wk": 200, "ak": 403, "sa": 403}),
    ("POST", f"{INBOX}/addresses", NEW_ADDRESS, {"tk": 201, "wk": 201, "ak": 403, "sa": 403}),
    ("DELETE", f"{INBOX}/addresses/nobody@{PLATFORM}", ANY, {"tk": 404, "wk": 404, "ak": 403, "sa": 403}),
    ("GET", f"{INBOXES}/:unknown", ANY, {"tk": 404, "wk": 404, "ak": 404, "sa": 403}),
    ("DELETE", f"{INBOXES}/:unknown", ANY, {"tk": 404, "wk": 404, "ak": 403, "sa": 403}),
    ("POST", f"{INBOXES}/:unknown/keys", ANY, {"tk": 404, "wk": 404, "ak": 403, "sa": 403}),
    ("POST", DOMAINS, NEW_DOMAIN, {"tk": 201, "wk": 201, "ak": 403, "sa": 403}),
    ("GET", DOMAINS, ANY, {"tk": 200, "wk": 200, "ak": 403, "sa": 403}),
    ("GET", DOMAIN, ANY, {"tk": 200, "wk": 200, "ak": 403, "sa": 403}),
    ("POST", f"{DOMAIN}/verify", ANY, {"tk": 200, "wk": 200, "ak": 403, "sa": 403}),
    ("DELETE", f"{DOMAINS}/:unknown", ANY, {"tk": 404, "wk": 404, "ak": 403, "sa": 403}),
    ("POST", WORKSPACES, NEW_NAME, {"tk": 201, "wk": 403, "ak": 403, "sa": 403}),
    ("GET", WORKSPACES, ANY, {"tk": 200, "wk": 403, "ak": 403, "sa": 403}),
    ("GET", WORKSPACE, ANY, {"tk": 200, "wk": 403, "ak": 403, "sa": 403}),
    ("POST", KEY, {}, {"tk": 201, "wk": 403, "ak": 403, "sa": 403}),
    ("GET", KEY, ANY, {"tk": 200, "wk": 403, "ak": 403, "sa": 403}),
    ("DELETE", f"{KEY}/:unknown", ANY, {"tk": 404, "wk": 403, "ak": 403, "sa": 403}),
    ("DELETE", f"{WORKSPACES}/:unknown", ANY, {"tk": 404, "wk": 403, "ak": 403, "sa": 403}),
    ("POST", "/v1/tenants", NEW_NAME, {"tk": 403, "wk": 403, "ak": 403, "sa": 201}),
    ("GET", "/v1/me", ANY, {"tk": 200, "wk": 200, "ak": 200, "sa": 200}),
)  # fmt: skip


def body_of(wanted: object) -> Json | None:
    """Return the body of a call: names that nobody has yet."""
    name = f"{fresh('k')}x"
    new = {
        NEW_NAME: {"name": name, "username": name},
        NEW_ADDRESS: {"email": f"{name}@{PLATFORM}", "primary": False},
        NEW_DOMAIN: {"domain": f"{name}.example"},
    }
    return new.get(wanted, wanted) if isinstance(wanted, str) else wanted  # type: ignore[return-value]


def path_of(template: str, place: Place) -> str:
    """Return the path of a call."""
    known = {
        "inbox": place.inbox["id"],
        "workspace": place.workspace,
        "domain": place.domain["id"],
        "unknown": str(uuid4()),
    }
    for name, value in known.items():
        template = template.replace(f":{name}", value)
    return quote(template, safe="/@")


@contract("S2-2", "S2-4", "S2-5", "A35", "A38")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path", "wanted", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _, _ in TABLE]
)
async def test_each_kind_of_key_may_do_what_the_table_says(
    client: httpx.AsyncClient,
    place: Place,
    kind: str,
    method: str,
    path: str,
    wanted: object,
    statuses: dict[str, int],
) -> None:
    answer = await client.request(
        method, path_of(path, place), json=body_of(wanted), headers={"X-API-Key": place.keys[kind]}
    )

    assert answer.status_code == statuses[kind], answer.text
    if answer.status_code >= 400:
        assert (
            error_of(answer)
            in {403: {"FORBIDDEN"}, 404: {"NOT_FOUND", "ADDRESS_NOT_FOUND"}}[answer.status_code]
        )


@contract("S2-2", "S2-3", "A61")
@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _, _ in TABLE])
@pytest.mark.parametrize("key", [None, "tk_nonsense", f"tk_{'0' * 12}_{'0' * 38}"])
async def test_without_a_valid_key_every_route_answers_401(
    client: httpx.AsyncClient, place: Place, method: str, path: str, key: str | None
) -> None:
    answer = await client.request(method, path_of(path, place), headers={"X-API-Key": key} if key else {})

    assert (answer.status_code, error_of(answer)) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@contract("S2-3", "A61")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_goes_in_either_header(client: httpx.AsyncClient, place: Place, kind: str) -> None:
    key = place.keys[kind]

    answers = [
        await client.get("/v1/me", headers=headers)
        for headers in (
            {"X-API-Key": key},
            {"Authorization": f"Bearer {key}"},
            {"authorization": f"bearer {key}"},
            {"X-API-Key": key, "Authorization": f"Bearer {key}"},
        )
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.content for answer in answers}) == 1


@contract("A61")
async def test_keys_of_other_dialects_open_nothing_here(
    client: httpx.AsyncClient, stack: RunningStack
) -> None:
    for dialect in ("puffle", "sendmux"):
        answer = await client.get("/v1/me", headers={"X-API-Key": stack.keys[dialect]})
        assert (answer.status_code, error_of(answer)) == (401, "UNAUTHORIZED")


@contract("S2-4")
async def test_me_says_what_the_key_stands_for(client: httpx.AsyncClient, place: Place) -> None:
    me = {
        kind: (await client.get("/v1/me", headers={"X-API-Key": key})).json()
        for kind, key in place.keys.items()
    }

    for kind, shown in me.items():
        assert set(shown) == {"type", "keyId", "prefix", "tenantId", "workspaceId", "inboxId"}
        assert shown["prefix"] == kind
        assert shown["keyId"] in place.keys[kind]
    assert [me[kind]["type"] for kind in KINDS] == ["tenant", "workspace", "inbox", "super_admin"]
    tenant = me["tk"]["tenantId"]
    assert [me[kind]["tenantId"] for kind in KINDS] == [tenant, tenant, tenant, None]
    assert [me[kind]["workspaceId"] for kind in KINDS] == [None, place.workspace, place.workspace, None]
    assert [me[kind]["inboxId"] for kind in KINDS] == [None, None, place.inbox["id"], None]


@contract("A35")
async def test_an_inbox_key_reads_no_other_inbox(
    client: httpx.AsyncClient, agent: Agent, place: Place
) -> None:
    sibling = await agent.inbox(fresh("scout"), workspaceId=place.workspace)

    answer = await client.get(f"{INBOXES}/{sibling['id']}", headers={"X-API-Key": place.keys["ak"]})

    assert (answer.status_code, error_of(answer)) == (404, "NOT_FOUND")


# --- tenants ----------------------------------------------------------------------------------------------------


@contract("A38")
async def test_a_super_admin_makes_tenants_that_begin_with_a_default_workspace(
    client: httpx.AsyncClient, super_admin: str
) -> None:
    name = f"Acme {fresh('t')}x"

    made = await client.post("/v1/tenants", json={"name": name}, headers={"X-API-Key": super_admin})
    again = await client.post("/v1/tenants", json={"name": name}, headers={"X-API-Key": super_admin})

    assert made.status_code == 201, made.text
    tenant = made.json()
    assert set(tenant) == {"id", "name", "workspaceId", "apiKey", "createdAt"}
    assert (again.status_code, error_of(again)) == (409, "TENANT_EXISTS")
    headers = {"X-API-Key": tenant["apiKey"]}
    [workspace] = (await client.get(WORKSPACES, headers=headers)).json()["workspaces"]
    assert (workspace["id"], workspace["name"], workspace["isDefault"]) == (
        tenant["workspaceId"],
        "Default",
        True,
    )
    inbox = (await client.post(INBOXES, headers=headers)).json()
    assert inbox["workspaceId"] == tenant["workspaceId"]
    assert inbox["username"].startswith("acme")


def test_the_kinds_in_the_table_are_all_there_are() -> None:
    assert {KeyKind(kind) for kind in KINDS} == set(KeyKind) - {
        kind for kind in KeyKind if kind.dialect != KeyKind.TENANT.dialect
    }
