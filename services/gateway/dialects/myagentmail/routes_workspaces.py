"""MyAgentMail's routes of what the gateway itself owns: workspaces, their keys, tenants, and who is calling."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from services.gateway.bodies import read_json, read_optional_json, shaped
from services.gateway.calls import Call, allowed
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.errors import encode
from services.gateway.dialects.myagentmail.render import JSON, instant, key_json, workspace_json
from services.gateway.dialects.myagentmail.responses import (
    CreatedKey,
    Deleted,
    KeyList,
    Me,
    RevokedKey,
    Tenant,
    Workspace,
    WorkspaceList,
)
from services.gateway.dialects.myagentmail.schemas import CreateKey, CreateTenant, CreateWorkspace
from services.gateway.errors import not_found
from services.gateway.requests.model import StoredResponse
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy import workspaces
from services.gateway.tenancy.keys import NewKey, ShownKey, add_keys, list_keys, revoke_key
from services.gateway.tenancy.tenants import create_tenant
from shared.contracts.requests import Dialect
from shared.db.pool import Connection

PATH = "/v1/workspaces"
router = APIRouter(tags=["workspaces"])

Reader = Annotated[Call, Depends(allowed("workspaces:read", Dialect.MYAGENTMAIL))]
Writer = Annotated[Call, Depends(allowed("workspaces:write", Dialect.MYAGENTMAIL))]
Operator = Annotated[Call, Depends(allowed("tenants:write", Dialect.MYAGENTMAIL))]
Anyone = Annotated[Call, Depends(allowed(None, Dialect.MYAGENTMAIL))]
Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]

_ME = {
    KeyKind.TENANT: "tenant",
    KeyKind.WORKSPACE: "workspace",
    KeyKind.INBOX: "inbox",
    KeyKind.OPERATOR: "super_admin",
}


@router.post(
    PATH,
    **documented(
        "createWorkspace",
        "Create a workspace",
        keys="tk",
        body=CreateWorkspace,
        success={201: Workspace},
        codes={409: ("workspace_exists", "slug_taken")},
        repeats=True,
    ),
)
async def create_workspace(call: Writer) -> Response:
    """Make a workspace of the tenant; names and slugs are unique in it."""
    wanted = shaped(CreateWorkspace, await read_json(call.http))

    async def make(connection: Connection) -> StoredResponse:
        made = await workspaces.create_workspace(
            connection,
            call.caller.tenant_id,
            wanted.name,
            call.edge.ids,
            call.edge.clock.now(),
            slug=wanted.slug,
        )
        return _created(f"{PATH}/{made.id}", workspace_json(made))

    return await call.decide(make, body=wanted.model_dump())


@router.get(
    PATH, **documented("listWorkspaces", "List workspaces", keys="tk", success={200: WorkspaceList})
)
async def list_workspaces(call: Reader) -> Response:
    """List the tenant's workspaces, the oldest first, with how much is in each."""
    caller = call.caller
    async with call.edge.reader.bound(caller) as connection:
        found = await workspaces.list_workspaces(connection, caller.tenant_id, caller.dialect)
    return _json({"workspaces": [workspace_json(each) for each in found]})


@router.get(
    PATH + "/{id}",
    **documented("getWorkspace", "Read a workspace", keys="tk", success={200: Workspace}, errors=(404,)),
)
async def get_workspace(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one workspace."""
    workspace_id = reads.parse_id(id, "workspace")
    async with call.edge.reader.bound(call.caller) as connection:
        return _json(workspace_json(await _workspace(call, connection, workspace_id)))


@router.delete(
    PATH + "/{id}",
    **documented(
        "deleteWorkspace",
        "Delete a workspace with everything in it",
        keys="tk",
        success={200: Deleted},
        errors=(404,),
        codes={409: ("default_workspace", "workspace_in_use")},
    ),
)
async def delete_workspace(call: Writer, id: Id) -> Response:  # noqa: A002  the name in the path
    """Delete a workspace: its keys end at once, its inboxes and domains are deleted one by one from then on."""
    workspace_id = reads.parse_id(id, "workspace")
    await call.remove_workspace(workspace_id)
    return _json({"deleted": True, "id": str(workspace_id)})


@router.post(
    PATH + "/{id}/keys",
    **documented(
        "createWorkspaceKey",
        "Create a master key of a workspace",
        keys="tk",
        body=CreateKey,
        success={201: CreatedKey},
        errors=(404,),
        repeats=True,
    ),
)
async def create_key(call: Writer, id: Id) -> Response:  # noqa: A002  the name in the path
    """Make a key that may do in this workspace what the caller's may do in the tenant; `key` is shown this once."""
    workspace_id = reads.parse_id(id, "workspace")
    wanted = shaped(CreateKey, await read_optional_json(call.http))

    async def make(connection: Connection) -> StoredResponse:
        await _workspace(call, connection, workspace_id)
        new = _new_key(call, KeyKind.WORKSPACE, call.caller.tenant_id, workspace_id, wanted.name or "")
        await add_keys(connection, [new])
        shown = ShownKey(
            new.text.id, KeyKind.WORKSPACE, new.name, new.text.suffix, workspace_id, None, None, new.created_at, None, None
        )  # fmt: skip
        return _created(None, {**key_json(shown), "key": new.text.reveal()}, is_secret=True)

    return await call.decide(make, body=wanted.model_dump())


@router.get(
    PATH + "/{id}/keys",
    **documented("listWorkspaceKeys", "List a workspace's keys", keys="tk", success={200: KeyList}, errors=(404,)),
)
async def get_keys(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """List the master keys of a workspace that are in force, newest first, without their secrets."""
    workspace_id = reads.parse_id(id, "workspace")
    async with call.edge.reader.bound(call.caller) as connection:
        await _workspace(call, connection, workspace_id)
        found = await list_keys(connection, call.caller.tenant_id, workspace_id, KeyKind.WORKSPACE)
    return _json({"keys": [key_json(key) for key in found]})


@router.delete(
    PATH + "/{id}/keys/{key_id}",
    **documented("revokeWorkspaceKey", "Revoke a workspace's key", keys="tk", success={200: RevokedKey}, errors=(404,)),
)
async def delete_key(call: Writer, id: Id, key_id: str) -> Response:  # noqa: A002  the name in the path
    """End a key; the next call with it answers 401."""
    workspace_id = reads.parse_id(id, "workspace")

    async def end(connection: Connection) -> StoredResponse:
        await _workspace(call, connection, workspace_id)
        now = call.edge.clock.now()
        if not await revoke_key(
            connection, call.caller.tenant_id, workspace_id, key_id, KeyKind.WORKSPACE, now
        ):
            raise not_found("key")
        return StoredResponse(200, {"Content-Type": JSON}, encode({"revoked": True, "id": key_id}))

    return await call.decide(end)


@router.post(
    "/v1/tenants",
    **documented(
        "createTenant",
        "Create a tenant",
        keys="sa",
        body=CreateTenant,
        success={201: Tenant},
        codes={409: ("tenant_exists",)},
        repeats=True,
    ),
)
async def post_tenant(call: Operator) -> Response:
    """Make a tenant with its default workspace and its first master key, which is shown this once."""
    wanted = shaped(CreateTenant, await read_json(call.http))

    async def make(connection: Connection) -> StoredResponse:
        tenant, workspace = await create_tenant(
            connection, wanted.name, call.edge.ids, call.edge.clock.now()
        )
        key = make_key(KeyKind.TENANT)
        await add_keys(
            connection,
            [
                NewKey(
                    key,
                    tenant_id=tenant.id,
                    workspace_id=None,
                    user_id=tenant.owner_id,
                    name="first",
                    scopes=usual(KeyKind.TENANT),
                    created_at=tenant.created_at,
                    created_by=call.caller.key_id,
                )
            ],
        )
        body = {
            "id": str(tenant.id),
            "name": tenant.name,
            "workspaceId": str(workspace.id),
            "apiKey": key.reveal(),
            "createdAt": instant(tenant.created_at),
        }
        return _created(None, body, is_secret=True)

    return await call.decide(make, body=wanted.model_dump())


@router.get("/v1/me", **documented("getMe", "Who the key says you are", keys="tk wk ak sa", success={200: Me}))
async def get_me(call: Anyone) -> Response:
    """Say what the key stands for; every kind of key may ask."""
    caller, is_operator = call.caller, call.kind is KeyKind.OPERATOR
    return _json(
        {
            "type": _ME[call.kind],
            "keyId": caller.key_id,
            "prefix": call.kind.value,
            "tenantId": None if is_operator else str(caller.tenant_id),
            "workspaceId": str(caller.workspace_id) if caller.workspace_id else None,
            "inboxId": str(call.account_id) if call.account_id else None,
        }
    )


async def _workspace(call: Call, connection: Connection, workspace_id: UUID) -> workspaces.Workspace:
    found = await workspaces.get_workspace(
        connection, call.caller.tenant_id, workspace_id, call.caller.dialect
    )
    if found is None:
        raise not_found("workspace")
    return found


def _new_key(call: Call, kind: KeyKind, tenant_id: UUID, workspace_id: UUID, name: str) -> NewKey:
    """Return a key that may do no more than the one that makes it."""
    return NewKey(
        make_key(kind),
        tenant_id=tenant_id,
        workspace_id=workspace_id,
        user_id=call.caller.user_id,
        name=name,
        scopes=tuple(scope for scope in usual(kind) if scope in call.identity.scopes),
        created_at=call.edge.clock.now(),
        created_by=call.caller.key_id,
    )


def _created(place: str | None, body: dict[str, Any], *, is_secret: bool = False) -> StoredResponse:
    headers = {"Content-Type": JSON, **({"Location": place} if place else {})}
    return StoredResponse(201, headers, encode(body), is_secret=is_secret)


def _json(body: Any) -> Response:
    return Response(encode(body), media_type=JSON)
