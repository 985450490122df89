"""MyAgentMail's routes of workspace keys: `/v1/workspaces/{id}/keys`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_optional_json, shaped
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.parameters import Id, WorkspaceReader, WorkspaceWriter
from services.gateway.dialects.myagentmail.reads import find_workspace
from services.gateway.dialects.myagentmail.render import WORKSPACES, instant, key_json
from services.gateway.dialects.myagentmail.responses import (
    CreatedWorkspaceKey,
    RevokedWorkspaceKey,
    WorkspaceKeyList,
)
from services.gateway.dialects.myagentmail.schemas import CreateKey
from services.gateway.dialects.myagentmail.subjects import answered, decided
from services.gateway.errors import not_found
from services.gateway.requests.model import StoredResponse
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy.keys import NewKey, add_keys, list_keys, revoke_key
from shared.db.pool import Connection

router = APIRouter(prefix=WORKSPACES + "/{id}/keys", tags=["workspaces"])


@router.post(
    "",
    **documented(
        "createWorkspaceKey",
        "Create a master key of a workspace",
        scope="workspaces:write",
        keys="tk",
        body=CreateKey,
        success={201: CreatedWorkspaceKey},
        errors=(404,),
        repeats=True,
    ),
)
async def create_key(call: WorkspaceWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Make a key that may do in this workspace what the caller's may do in the tenant; `key` is shown this once."""
    wanted = shaped(CreateKey, await read_optional_json(call.http))
    # A key makes none that may do more than itself.
    scopes = tuple(scope for scope in usual(KeyKind.WORKSPACE) if scope in call.identity.scopes)

    async def make(connection: Connection) -> StoredResponse:
        await find_workspace(call, connection, id)
        new = NewKey(
            make_key(KeyKind.WORKSPACE),
            tenant_id=call.caller.tenant_id,
            workspace_id=id,
            user_id=call.caller.user_id,
            name=wanted.name or "",
            scopes=scopes,
            created_at=call.edge.clock.now(),
            created_by=call.caller.key_id,
        )
        await add_keys(connection, [new])
        body = {
            "id": new.text.id,
            "key": new.text.reveal(),
            "prefix": new.text.prefix.value,
            "name": wanted.name,
            "workspaceId": str(id),
            "createdAt": instant(new.created_at),
        }
        return decided(body, 201, is_secret=True)

    return await call.decide(make, body=wanted.model_dump())


@router.get(
    "",
    **documented(
        "listWorkspaceKeys",
        "List a workspace's keys",
        scope="workspaces:read",
        keys="tk",
        success={200: WorkspaceKeyList},
        errors=(404,),
    ),
)
async def get_keys(call: WorkspaceReader, id: Id) -> Response:  # noqa: A002  the name in the path
    """List the master keys of a workspace that are in force, newest first, without their secrets."""
    async with call.edge.reader.bound(call.caller) as connection:
        await find_workspace(call, connection, id)
        found = await list_keys(connection, call.caller.tenant_id, id, KeyKind.WORKSPACE)
    return answered({"keys": [key_json(key) for key in found]})


@router.delete(
    "/{key_id}",
    **documented(
        "revokeWorkspaceKey",
        "Revoke a workspace's key",
        scope="workspaces:write",
        keys="tk",
        success={200: RevokedWorkspaceKey},
        errors=(404,),
    ),
)
async def delete_key(call: WorkspaceWriter, id: Id, key_id: str) -> Response:  # noqa: A002  the name in the path
    """End a key; the next call with it answers 401."""
    tenant_id, now = call.caller.tenant_id, call.edge.clock.now()

    async def end(connection: Connection) -> StoredResponse:
        await find_workspace(call, connection, id)
        if not await revoke_key(connection, tenant_id, id, key_id, KeyKind.WORKSPACE, now):
            raise not_found("key")
        return decided({"revoked": True, "id": key_id})

    return await call.decide(end)
