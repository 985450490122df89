"""MyAgentMail's routes of identities: `/v1/tenants`, for the operator, and `/v1/me`, for everybody."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_json, shaped
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.parameters import Anyone, Operator
from services.gateway.dialects.myagentmail.responses import Identity, Tenant
from services.gateway.dialects.myagentmail.schemas import CreateTenant
from services.gateway.dialects.myagentmail.subjects import answered, decided
from services.gateway.dialects.wire import instant
from services.gateway.requests.model import StoredResponse
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy.keys import NewKey, add_keys
from services.gateway.tenancy.tenants import create_tenant
from shared.db.pool import Connection

router = APIRouter(prefix="/v1", tags=["identity"])

_FIRST_KEY = "first"

_ME = {
    KeyKind.TENANT: "tenant",
    KeyKind.WORKSPACE: "workspace",
    KeyKind.INBOX: "inbox",
    KeyKind.OPERATOR: "super_admin",
}


@router.post(
    "/tenants",
    **documented(
        "createTenant",
        "Create a tenant",
        scope="tenants:write",
        keys="sa",
        body=CreateTenant,
        success={201: Tenant},
        codes={409: ("tenant_exists",)},
        repeats=True,
    ),
)
async def create(call: Operator) -> Response:
    """Make a tenant with its default workspace and its first master key, which is shown this once."""
    wanted = shaped(CreateTenant, await read_json(call.http))

    async def make(connection: Connection) -> StoredResponse:
        tenant, workspace = await create_tenant(connection, wanted.name, call.edge.ids, call.edge.clock.now())
        first = NewKey(
            make_key(KeyKind.TENANT),
            tenant_id=tenant.id,
            workspace_id=None,
            user_id=tenant.owner_id,
            name=_FIRST_KEY,
            scopes=usual(KeyKind.TENANT),
            created_at=tenant.created_at,
            created_by=call.caller.key_id,
        )
        await add_keys(connection, [first])
        body = {
            "id": str(tenant.id),
            "name": tenant.name,
            "workspaceId": str(workspace.id),
            "apiKey": first.text.reveal(),
            "createdAt": instant(tenant.created_at),
        }
        return decided(body, 201, is_secret=True)

    return await call.decide(make, body=wanted.model_dump())


@router.get(
    "/me",
    **documented(
        "getMe", "Who the key says you are", scope=None, keys="tk wk ak sa", success={200: Identity}
    ),
)
async def me(call: Anyone) -> Response:
    """Say what the key stands for; every kind of key may ask."""
    caller = call.caller
    tenant_id = None if call.kind is KeyKind.OPERATOR else caller.tenant_id
    return answered(
        {
            "type": _ME[call.kind],
            "keyId": caller.key_id,
            "prefix": call.kind.value,
            "tenantId": str(tenant_id) if tenant_id else None,
            "workspaceId": str(caller.workspace_id) if caller.workspace_id else None,
            "inboxId": str(call.account_id) if call.account_id else None,
        }
    )
