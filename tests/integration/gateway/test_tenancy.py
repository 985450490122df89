"""Tenants and workspaces on a real database: one default each, names and slugs of their own, keys that end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from services.gateway.errors import ApiError
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.tenancy import keys, tenants, workspaces
from services.gateway.tenancy.keys import NewKey
from services.gateway.tenancy.leftovers import delete_leftovers
from services.gateway.tenancy.removal import remove_workspace
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import AccountStatus
from shared.contracts.requests import Dialect
from shared.messaging.recorder import Recorder
from tests.support.gateway_events import START, account_fact, domain_fact
from tests.support.gateway_projection import ProjectionSide, projection_side

IDS = RandomIds()
MYAGENTMAIL = Dialect.MYAGENTMAIL


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[ProjectionSide]:
    async with projection_side(database_url) as made:
        yield made


@pytest.mark.contract("S2-12")
async def test_a_tenant_comes_with_its_default_workspace(side: ProjectionSide) -> None:
    async with side.worker.acquire() as connection:
        tenant, default = await tenants.create_tenant(connection, "Acme", IDS, START)

        assert await tenants.get_tenant(connection, tenant.id) == tenant
        assert (default.name, default.slug, default.is_default) == ("Default", "default", True)
        assert await workspaces.list_workspaces(connection, tenant.id, MYAGENTMAIL) == [default]
        with pytest.raises(ApiError) as refused:
            await tenants.create_tenant(connection, "Acme", IDS, START)
    assert (refused.value.status, refused.value.code) == (409, "tenant_exists")


async def test_a_workspace_has_a_name_and_a_slug_of_its_own(side: ProjectionSide) -> None:
    async with side.worker.acquire() as connection:
        tenant, _ = await tenants.create_tenant(connection, "Acme", IDS, START)
        other, _ = await tenants.create_tenant(connection, "Other", IDS, START)
        made = await workspaces.create_workspace(connection, tenant.id, "Sales & More!", IDS, START)
        again = await workspaces.create_workspace(connection, tenant.id, "sales more", IDS, START)
        nameless = await workspaces.create_workspace(connection, tenant.id, "日本", IDS, START)
        elsewhere = await workspaces.create_workspace(connection, other.id, "Sales & More!", IDS, START)

        assert made.slug == elsewhere.slug == "sales-more"
        assert again.slug == f"sales-more-{str(again.id)[-12:]}"
        assert nameless.slug == str(nameless.id)
        for name, slug, code in (
            ("Sales & More!", None, "workspace_exists"),
            ("New", "sales-more", "slug_taken"),
        ):
            with pytest.raises(ApiError) as refused:
                await workspaces.create_workspace(connection, tenant.id, name, IDS, START, slug=slug)
            assert (refused.value.status, refused.value.code) == (409, code)
        assert await workspaces.get_workspace(connection, other.id, made.id, MYAGENTMAIL) is None
        assert not await workspaces.has_workspace(connection, other.id, made.id)


async def test_the_same_names_at_the_same_moment_are_made_once(side: ProjectionSide) -> None:
    async def ensure() -> tuple[object, object]:
        async with side.worker.acquire() as connection, connection.transaction():
            tenant = await tenants.ensure_tenant(connection, "Acme", IDS, START)
            return tenant.id, await workspaces.ensure_workspace(connection, tenant.id, "Sales", IDS, START)

    made = await asyncio.gather(*(ensure() for _ in range(6)))

    assert len(set(made)) == 1
    assert await side.worker.fetchval("select count(*) from workspace") == 2


@pytest.mark.promise("R31")
async def test_a_bound_connection_sees_its_own_tenant_workspaces_and_keys(side: ProjectionSide) -> None:
    async with side.worker.acquire() as connection:
        tenant, default = await tenants.create_tenant(connection, "Acme", IDS, START)
        sales = await workspaces.create_workspace(connection, tenant.id, "Sales", IDS, START)
        other, _ = await tenants.create_tenant(connection, "Other", IDS, START)
        for workspace in (default, sales):
            new = NewKey(
                make_key(KeyKind.WORKSPACE), tenant.id, workspace.id, tenant.owner_id, "ci", (), START
            )
            await keys.add_keys(connection, [new])

    async def seen(bound: object, workspace: object = None) -> tuple[int, int, int]:
        async with side.as_caller(bound, workspace) as connection:  # type: ignore[arg-type]
            return (
                await connection.fetchval("select count(*) from tenant"),
                len(await workspaces.list_workspaces(connection, tenant.id, MYAGENTMAIL)),
                len(await keys.list_keys(connection, tenant.id, sales.id, KeyKind.WORKSPACE)),
            )

    assert await seen(tenant.id) == (1, 2, 1)
    assert await seen(tenant.id, sales.id) == (1, 1, 1)
    assert await seen(tenant.id, default.id) == (1, 1, 0)
    assert await seen(other.id) == (1, 0, 0)
    assert await seen(None) == (0, 0, 0)


async def test_a_key_ends_only_for_its_own_workspace(side: ProjectionSide) -> None:
    async with side.worker.acquire() as connection:
        tenant, default = await tenants.create_tenant(connection, "Acme", IDS, START)
        sales = await workspaces.create_workspace(connection, tenant.id, "Sales", IDS, START)
        text = make_key(KeyKind.WORKSPACE)
        await keys.add_keys(
            connection, [NewKey(text, tenant.id, sales.id, tenant.owner_id, "ci", ("inboxes:read",), START)]
        )
        (shown,) = await keys.list_keys(connection, tenant.id, sales.id, KeyKind.WORKSPACE)

        assert (shown.id, shown.name, shown.suffix) == (text.id, "ci", text.reveal()[-4:])
        for tenant_id, workspace_id, kind, ended in (
            (tenant.id, default.id, KeyKind.WORKSPACE, False),
            (sales.id, sales.id, KeyKind.WORKSPACE, False),
            (tenant.id, sales.id, KeyKind.PUFFLE, False),
            (tenant.id, sales.id, KeyKind.WORKSPACE, True),
            (tenant.id, sales.id, KeyKind.WORKSPACE, False),
        ):
            assert await keys.revoke_key(connection, tenant_id, workspace_id, text.id, kind, START) is ended
        assert await keys.list_keys(connection, tenant.id, sales.id, KeyKind.WORKSPACE) == []


async def test_what_came_into_a_removed_workspace_is_deleted_with_it(side: ProjectionSide) -> None:
    recorder = Recorder(SystemClock(), IDS)
    async with side.worker.acquire() as connection:
        tenant, default = await tenants.create_tenant(connection, "Acme", IDS, START)
        sales = await workspaces.create_workspace(connection, tenant.id, "Sales", IDS, START)
        owner: dict[str, Any] = {"tenant_id": tenant.id, "workspace_id": sales.id}
        await side.project(
            account_fact(UUID(int=1), 1, **owner),
            account_fact(UUID(int=2), 1, **{**owner, "workspace_id": default.id}),
            account_fact(UUID(int=3), 1, AccountStatus.DELETED, **owner),
            domain_fact(UUID(int=4), 1, **owner),
        )
        assert await delete_leftovers(connection, recorder) == 0

        await remove_workspace(connection, tenant.id, sales.id, Dialect.PUFFLE, START)

        assert await delete_leftovers(connection, recorder) == 2
        assert await delete_leftovers(connection, recorder) == 0, "it is asked for once"
    rows = await side.worker.fetch("select kind, subject_id, workspace_id from request order by subject_id")
    assert [tuple(row) for row in rows] == [
        ("account.delete", UUID(int=1), sales.id),
        ("domain.delete", UUID(int=4), sales.id),
    ]
    assert await side.worker.fetchval("select count(*) from event_pending") == 2
