"""`mailwright keys` on a real database, and the keys it makes against the API."""

from __future__ import annotations

import asyncio
from typing import Any

from typer.testing import CliRunner

from mailwright.cli import app
from services.gateway.security.store import record_use
from shared.clock import SystemClock
from tests.support.gateway import GatewaySide

ACCOUNTS = "/api/email/accounts"


async def keys(gateway: GatewaySide, *arguments: str) -> Any:
    environment = {"MAILWRIGHT_DATABASE_URL": gateway.database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, ["keys", *arguments], env=environment)


async def test_a_key_is_printed_once_listed_without_its_secret_and_revoked(gateway: GatewaySide) -> None:
    text = (await keys(gateway, "create", "--tenant", "Acme", "--name", "ci")).output.strip()
    async with gateway.client(text) as client:
        assert (await client.get(ACCOUNTS)).status_code == 200
        key_id = text.split("_")[2]

        listed = (await keys(gateway, "list")).output
        assert listed.split() == [
            key_id,
            "pk_live",
            "in",
            "force",
            "never",
            "used",
            "Acme",
            "/",
            "Default",
            "ci",
        ]

        revoked = await keys(gateway, "revoke", key_id)
        assert (revoked.exit_code, revoked.output) == (0, f"revoked {key_id}\n")
        assert (await client.get(ACCOUNTS)).status_code == 401
    assert "revoked" in (await keys(gateway, "list")).output
    assert (await keys(gateway, "revoke", key_id)).exit_code == 1


async def test_a_key_may_do_less_than_everything(gateway: GatewaySide) -> None:
    text = (await keys(gateway, "create", "--tenant", "Acme", "--scope", "domains:read")).output.strip()

    async with gateway.client(text) as client:
        assert (await client.get("/api/email/domains")).status_code == 200
        assert (await client.get(ACCOUNTS)).status_code == 403


async def test_a_kind_or_scope_that_does_not_exist_is_refused(gateway: GatewaySide) -> None:
    assert (await keys(gateway, "create", "--tenant", "Acme", "--prefix", "tk")).exit_code == 2
    assert (await keys(gateway, "create", "--tenant", "Acme", "--scope", "everything")).exit_code == 2
    assert (await keys(gateway, "list")).output == ""


async def test_the_last_use_of_a_key_is_kept_and_never_goes_back(gateway: GatewaySide) -> None:
    key, now = await gateway.key(), SystemClock().now()
    earlier = now.replace(year=now.year - 1)
    async with gateway.pool.acquire() as connection:
        for used_at in (now, earlier):
            await record_use(connection, {key.id: used_at})

    assert await gateway.pool.fetchval("select last_used_at from api_key") == now
    assert f"used {now:%Y-%m-%d %H:%M}" in (await keys(gateway, "list")).output
