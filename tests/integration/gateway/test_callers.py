"""Who is let in, and what each caller sees: keys, scopes, tenants, and row-level security beneath them."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from services.gateway.demo import ensure_demo_keys
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.store import KeyAdmin
from shared.clock import RandomIds, SystemClock
from shared.db.pool import create_pool
from tests.support.gateway import GatewaySide, Key, answer_to, came_to_be, registered

ACCOUNTS, DOMAINS = "/api/email/accounts", "/api/email/domains"
DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
ASYNC = {"Prefer": "respond-async"}


@pytest.mark.contract("S0-3", "S1-3")
async def test_a_call_without_a_key_in_force_is_refused(gateway: GatewaySide, key: Key) -> None:
    typo = key.text[:-1] + ("a" if key.text[-1] != "a" else "b")
    other = make_key(KeyKind.PUFFLE)
    stolen_id = make_key(KeyKind.PUFFLE)
    object.__setattr__(stolen_id, "id", key.id)
    bad = ["", "Bearer", f"Basic {key.text}", key.text]
    bad += [f"Bearer {text}" for text in ("x", typo, other.reveal(), stolen_id.reveal(), "é")]
    async with gateway.client() as client:
        answers = [await client.get(ACCOUNTS)]
        answers += [await client.get(ACCOUNTS, headers=[(b"Authorization", text.encode())]) for text in bad]
        # The key is looked at before the body: a stranger learns nothing about our validation.
        answers.append(await client.post(ACCOUNTS, content=b"{"))

    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert key.text not in answer.text


async def test_a_key_of_another_dialect_opens_nothing_here(gateway: GatewaySide) -> None:
    for kind in (KeyKind.TENANT, KeyKind.WORKSPACE, KeyKind.TEAM):
        async with gateway.client(await gateway.key(kind=kind)) as client:
            assert (await client.get(ACCOUNTS)).status_code == 401


async def test_a_revoked_key_is_refused_from_the_next_call_on(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    assert (await api.get(ACCOUNTS)).status_code == 200

    async with gateway.pool.acquire() as connection:
        admin = KeyAdmin(connection, SystemClock(), RandomIds())
        assert await admin.revoke(key.id)
        assert not await admin.revoke(key.id)

    assert (await api.get(ACCOUNTS)).status_code == 401


async def test_a_key_made_while_its_workspace_was_removed_is_refused(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    await gateway.pool.execute("update workspace set deleted_at = now()")

    assert (await api.get(ACCOUNTS)).status_code == 401


async def test_an_expired_key_is_refused(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    await gateway.pool.execute("update api_key set expires_at = now() - interval '1 second'")

    assert (await api.get(ACCOUNTS)).status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("accounts:read", "GET", ACCOUNTS),
        ("accounts:read", "GET", f"{ACCOUNTS}/{DOMAIN}"),
        ("accounts:read", "GET", f"{ACCOUNTS}/{DOMAIN}/history"),
        ("accounts:write", "POST", ACCOUNTS),
        ("accounts:write", "PATCH", f"{ACCOUNTS}/{DOMAIN}/retry-warmup"),
        ("domains:read", "GET", DOMAINS),
        ("domains:read", "GET", f"{DOMAINS}/{DOMAIN}"),
        ("domains:write", "POST", DOMAINS),
        ("domains:write", "POST", f"{DOMAINS}/{DOMAIN}/verify"),
    ],
)
async def test_a_key_without_the_scope_is_refused(
    gateway: GatewaySide, scope: str, method: str, path: str
) -> None:
    every = {"accounts:read", "accounts:write", "domains:read", "domains:write"}
    async with gateway.client(await gateway.key(scopes=tuple(every - {scope}))) as without:
        refused = await without.request(method, path)
    async with gateway.client(await gateway.key(scopes=(scope,))) as with_it:
        let_in = await with_it.request(method, path)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert scope in refused.json()["error"]
    assert let_in.status_code not in {401, 403}


@pytest.mark.promise("R31")
@pytest.mark.contract("S0-18", "S1-6", "A18")
async def test_what_belongs_to_others_is_not_there(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    await api.post(DOMAINS, json={"domain": "example.com"}, headers=ASYNC)
    await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    await api.post(ACCOUNTS, json={"username": "bob", "domain_id": DOMAIN}, headers=ASYNC)
    domain, ada, bob = await gateway.open_requests(3)
    await gateway.project(registered(domain), answer_to(domain, needs={"domain": 1}))
    await gateway.project(*came_to_be(ada), answer_to(ada, needs={"account": 1}))
    paths = [
        ("GET", f"{DOMAINS}/{domain['subject_id']}"),
        ("POST", f"{DOMAINS}/{domain['subject_id']}/verify"),
        ("GET", f"{ACCOUNTS}/{ada['subject_id']}"),
        ("GET", f"{ACCOUNTS}/{ada['subject_id']}/history"),
        ("PATCH", f"{ACCOUNTS}/{ada['subject_id']}/retry-warmup"),
        ("GET", f"{ACCOUNTS}/{bob['subject_id']}"),
    ]

    for stranger in (await gateway.key("Other"), await gateway.key("Acme", "Second")):
        async with gateway.client(stranger) as client:
            for method, path in paths:
                assert (await client.request(method, path)).status_code == 404, (method, path)
            assert (await client.get(ACCOUNTS)).json()["accounts"] == []
            assert (await client.get(DOMAINS)).json()["domains"] == []
    for method, path in paths[:4:2]:
        assert (await api.request(method, path)).status_code == 200
    assert len((await api.get(ACCOUNTS)).json()["accounts"]) == 1


@pytest.mark.promise("R31")
async def test_row_level_security_shows_nothing_to_an_unbound_connection(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    await api.post(ACCOUNTS, json={"username": "ada", "domain_id": DOMAIN}, headers=ASYNC)
    pool = await create_pool(
        gateway.database_url, schema="gateway", role="mailwright_gateway_request", application="test"
    )

    async def seen(tenant: str, workspace: str) -> int:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('app.tenant', $1, true), set_config('app.workspace', $2, true)",
                tenant,
                workspace,
            )
            count: int = await connection.fetchval("select count(*) from request")
            return count

    async with pool:
        assert await pool.fetchval("select count(*) from request") == 0
        assert await seen("", "") == 0
        assert await seen(str(key.workspace_id), "") == 0
        assert await seen(str(key.tenant_id), str(key.tenant_id)) == 0
        assert await seen(str(key.tenant_id), "") == 1
        assert await seen(str(key.tenant_id), str(key.workspace_id)) == 1
        for statement in ("delete from request", "select * from api_key", "update request set status = 1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)


async def test_every_table_with_tenant_data_forces_row_level_security(gateway: GatewaySide) -> None:
    rows = await gateway.pool.fetch(
        """
        select c.relname, c.relrowsecurity and c.relforcerowsecurity as is_forced
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'gateway' and c.relkind = 'r' and c.relname = any($1)
        """,
        ["tenant", "workspace", "api_key", "request", "account", "domain", "event"],
    )

    assert len(rows) == 7
    assert all(row["is_forced"] for row in rows), rows


async def test_demo_keys_work_until_they_are_made_again(gateway: GatewaySide) -> None:
    first = await ensure_demo_keys(gateway.database_url)
    second = await ensure_demo_keys(gateway.database_url)

    assert set(first) == {"keys", "keys_other"}
    assert {name: text[:3] for name, text in first["keys"].items()} == {
        "puffle": "pk_",
        "myagentmail": "tk_",
        "sendmux": "smx",
    }
    statuses = {}
    for name, keys in (("first", first), ("second", second)):
        for owner, by_dialect in keys.items():
            async with gateway.client(by_dialect["puffle"]) as client:
                statuses[name, owner] = (await client.get(ACCOUNTS)).status_code
    assert statuses == {
        ("first", "keys"): 401,
        ("first", "keys_other"): 401,
        ("second", "keys"): 200,
        ("second", "keys_other"): 200,
    }
    assert await gateway.pool.fetchval("select count(*) from tenant") == 2


@pytest.mark.promise("R32")
async def test_no_secret_of_a_key_is_stored(gateway: GatewaySide, key: Key) -> None:
    rows = await gateway.pool.fetch("select k::text as row from api_key k")

    assert len(rows) == 1
    assert key.text.rsplit("_", 1)[1][:32] not in rows[0]["row"]
