"""MyAgentMail's workspace routes: `/v1/workspaces`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_json, shaped
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.parameters import Id, WorkspaceReader, WorkspaceWriter
from services.gateway.dialects.myagentmail.reads import find_workspace
from services.gateway.dialects.myagentmail.render import WORKSPACES, workspace_json
from services.gateway.dialects.myagentmail.responses import AgentDeleted, Workspace, WorkspaceList
from services.gateway.dialects.myagentmail.schemas import CreateWorkspace
from services.gateway.dialects.myagentmail.subjects import answered, decided
from services.gateway.requests.model import RequestKind, StoredResponse
from services.gateway.tenancy import workspaces
from services.gateway.tenancy.removal import remove_workspace
from shared.contracts.accounts import AccountDeletionRequested
from shared.contracts.domains import DomainDeletionRequested
from shared.db.pool import Connection

router = APIRouter(prefix=WORKSPACES, tags=["workspaces"])


@router.post(
    "",
    **documented(
        "createWorkspace",
        "Create a workspace",
        scope="workspaces:write",
        keys="tk",
        body=CreateWorkspace,
        success={201: Workspace},
        codes={409: ("workspace_exists", "slug_taken")},
        repeats=True,
    ),
)
async def create_workspace(call: WorkspaceWriter) -> Response:
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
        return decided(workspace_json(made), 201, place=f"{WORKSPACES}/{made.id}")

    return await call.decide(make, body=wanted.model_dump())


@router.get(
    "",
    **documented(
        "listWorkspaces", "List workspaces", scope="workspaces:read", keys="tk", success={200: WorkspaceList}
    ),
)
async def list_workspaces(call: WorkspaceReader) -> Response:
    """List the tenant's workspaces, the oldest first, with how much is in each."""
    caller = call.caller
    async with call.edge.reader.bound(caller) as connection:
        found = await workspaces.list_workspaces(connection, caller.tenant_id, caller.dialect)
    return answered({"workspaces": [workspace_json(each) for each in found]})


@router.get(
    "/{id}",
    **documented(
        "getWorkspace",
        "Read a workspace",
        scope="workspaces:read",
        keys="tk",
        success={200: Workspace},
        errors=(404,),
    ),
)
async def get_workspace(call: WorkspaceReader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one workspace."""
    async with call.edge.reader.bound(call.caller) as connection:
        return answered(workspace_json(await find_workspace(call, connection, id)))


@router.delete(
    "/{id}",
    **documented(
        "deleteWorkspace",
        "Delete a workspace with everything in it",
        scope="workspaces:write",
        keys="tk",
        success={200: AgentDeleted},
        errors=(404,),
        codes={409: ("default_workspace", "workspace_in_use")},
    ),
)
async def delete_workspace(call: WorkspaceWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Delete a workspace: its keys end at once, its inboxes and domains are deleted one by one from then on."""
    caller, now = call.caller, call.edge.clock.now()

    async def remove(connection: Connection) -> StoredResponse:
        contents = await remove_workspace(connection, caller.tenant_id, id, caller.dialect, now)
        deletion = AccountDeletionRequested(caller=caller)
        await call.ask_of_many(connection, RequestKind.ACCOUNT_DELETE, contents.accounts, deletion, id)
        giving_up = DomainDeletionRequested(caller=caller, cascade=True)
        await call.ask_of_many(connection, RequestKind.DOMAIN_DELETE, contents.domains, giving_up, id)
        return decided({"deleted": True, "id": str(id)})

    return await call.decide(remove)
