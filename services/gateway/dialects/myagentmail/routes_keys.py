"""MyAgentMail's routes of keys: those of workspaces, `/v1/workspaces/{id}/keys`, and an inbox's own, `/v1/inboxes/{id}/keys`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_optional_json, shaped
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.errors import SENTENCES
from services.gateway.dialects.myagentmail.parameters import Id, InboxWriter, WorkspaceReader, WorkspaceWriter
from services.gateway.dialects.myagentmail.reads import find_inbox, find_workspace
from services.gateway.dialects.myagentmail.render import INBOXES, WORKSPACES, key_json
from services.gateway.dialects.myagentmail.responses import (
    CreatedInboxKey,
    CreatedWorkspaceKey,
    RevokedWorkspaceKey,
    WorkspaceKeyList,
)
from services.gateway.dialects.myagentmail.schemas import CreateKey, Nothing
from services.gateway.dialects.myagentmail.subjects import answered, decided
from services.gateway.dialects.wire import instant
from services.gateway.errors import ApiError, not_found
from services.gateway.requests.model import StoredResponse
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy.keys import NewKey, add_keys, list_keys, replace_account_key, revoke_key
from shared.db.pool import Connection

WORKSPACE_KEYS = WORKSPACES + "/{id}/keys"
INBOX_KEYS = INBOXES + "/{id}/keys"
router = APIRouter()


@router.post(
    WORKSPACE_KEYS,
    tags=["workspaces"],
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
    WORKSPACE_KEYS,
    tags=["workspaces"],
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
    WORKSPACE_KEYS + "/{key_id}",
    tags=["workspaces"],
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


@router.post(
    INBOX_KEYS,
    tags=["inboxes"],
    **documented(
        "reissueInboxKey",
        "Issue an inbox's key anew",
        scope="inboxes:write",
        keys="tk wk",
        success={201: CreatedInboxKey},
        errors=(404, 413, 415),
        codes={400: ("invalid_json",), 409: ("account_not_active",)},
        repeats=True,
    ),
)
async def reissue_inbox_key(call: InboxWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Make a new key for an inbox whose `apiKey` was lost or leaked; the one before ends at once."""
    shaped(Nothing, await read_optional_json(call.http))
    view = await find_inbox(call, id)
    new = NewKey(
        make_key(KeyKind.INBOX),
        tenant_id=call.caller.tenant_id,
        workspace_id=view.account.workspace_id,
        user_id=view.account.user_id,
        name="",
        scopes=usual(KeyKind.INBOX),
        created_at=call.edge.clock.now(),
        account_id=id,
        created_by=call.caller.key_id,
    )

    async def replace(connection: Connection) -> StoredResponse:
        if not await replace_account_key(connection, new):
            raise ApiError(409, "account_not_active", SENTENCES["account_not_active"])
        body = {
            "id": new.text.id,
            "key": new.text.reveal(),
            "prefix": new.text.prefix.value,
            "inboxId": str(id),
            "createdAt": instant(new.created_at),
        }
        return decided(body, 201, is_secret=True)

    return await call.decide(replace)
