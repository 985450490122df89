"""MyAgentMail's inbox routes: `/v1/inboxes`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.gateway.bodies import read_json, read_optional_json, shaped
from services.gateway.calls import Call
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.parameters import (
    Id,
    InboxLister,
    InboxReader,
    InboxWriter,
    flag,
    workspace_asked,
)
from services.gateway.dialects.myagentmail.render import INBOXES, read_inbox_json
from services.gateway.dialects.myagentmail.responses import (
    AgentDeleted,
    CreatedInbox,
    ExistingInbox,
    Inbox,
    InboxList,
    InboxWithPassword,
    UpdatedInbox,
)
from services.gateway.dialects.myagentmail.schemas import (
    DEFAULT_DOMAIN,
    ChangeInbox,
    CreateInbox,
)
from services.gateway.dialects.myagentmail.subjects import answered, ask, ask_of_inbox
from services.gateway.requests.model import RequestKind
from services.gateway.tenancy.tenants import get_tenant
from shared.contracts.accounts import (
    AccountChangeRequested,
    AccountChanges,
    AccountDeletionRequested,
    AccountRequested,
    Naming,
    Plan,
    Step,
)

router = APIRouter(prefix=INBOXES, tags=["inboxes"])

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS))
"""What a MyAgentMail inbox is made of."""


@router.post(
    "",
    **documented(
        "createInbox",
        "Create an inbox (idempotent on the requested username)",
        scope="inboxes:write",
        keys="tk wk",
        body=CreateInbox,
        success={200: ExistingInbox, 201: CreatedInbox, 202: Inbox},
        errors=(404, 502),
        codes={
            400: ("domain_not_verified",),
            404: ("domain_not_found",),
            409: ("username_taken", "account_deleted"),
        },
        waits=True,
    ),
)
async def create_inbox(
    call: InboxWriter,
    strict: Annotated[
        str,
        Query(
            description="`true` answers 409 where otherwise a number would follow the name.",
            json_schema_extra={"enum": ["true", "false"]},
        ),
    ] = "false",
) -> Response:
    """Return the tenant's inbox of this name, or make one.

    An inbox of the tenant at `username@domain` is the answer (200, `existed: true`, without its secrets). Otherwise the
    first free of `username`, `username1` … `username99` is made (201, with `apiKey` and `imapPassword`); the answer says
    which. Asking again for the same name gives the same inbox, so a lost answer can be asked for again. With
    `strict=true` a name that somebody else has is refused. Without `username` every call makes another inbox.

    Answers 202 when the wait is over before the inbox is made; `GET` shows when it is, and its password.
    """
    is_strict = flag("strict", strict)
    wanted = shaped(CreateInbox, await read_optional_json(call.http))
    workspace_id = await call.workspace_or_default(UUID(wanted.workspace_id) if wanted.workspace_id else None)
    data = AccountRequested(
        caller=call.caller,
        plan=PLAN,
        workspace_id=workspace_id,
        username=wanted.username,
        domain=wanted.domain or DEFAULT_DOMAIN,
        naming=Naming.OWN_OR_EXACT if is_strict else Naming.OWN_OR_SUFFIXED,
        name_source=None if wanted.username else await _tenant_name(call),
        display_name=wanted.display_name,
    )
    return await ask(
        call,
        RequestKind.ACCOUNT_CREATE,
        call.edge.ids.new(),
        data,
        workspace_id=workspace_id,
        body=wanted.model_dump(),
    )


@router.get(
    "",
    **documented(
        "listInboxes",
        "List inboxes",
        scope="inboxes:read",
        keys="tk wk",
        success={200: InboxList},
        errors=(400, 404),
    ),
)
async def list_inboxes(
    call: InboxLister,
    workspace: Annotated[
        str | None,
        Query(
            description="Only this workspace's; a workspace key may only name its own.",
            json_schema_extra={"format": "uuid"},
        ),
    ] = None,
) -> Response:
    """List inboxes, newest first, without passwords; those that failed or are being deleted are left out."""
    views = await reads.list_inboxes(call, await workspace_asked(call, workspace))
    return answered({"inboxes": [read_inbox_json(view, call.edge.mail_servers) for view in views]})


@router.get(
    "/{id}",
    **documented(
        "getInbox",
        "Read an inbox with its credentials",
        scope="inboxes:read",
        keys="tk wk ak",
        success={200: InboxWithPassword},
        errors=(404,),
    ),
)
async def get_inbox(call: InboxReader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one inbox with all its addresses and what mail clients need to log in."""
    view, password = await reads.find_inbox_and_password(call, id)
    shown = read_inbox_json(view, call.edge.mail_servers, password)
    return answered({**shown, "imapPassword": password})


@router.patch(
    "/{id}",
    **documented(
        "updateInbox",
        "Change an inbox",
        scope="inboxes:write",
        keys="tk wk",
        body=ChangeInbox,
        success={200: UpdatedInbox, 202: Inbox},
        errors=(404, 502),
        codes={409: ("account_not_active",)},
        waits=True,
    ),
)
async def update_inbox(call: InboxWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Change the display name or the metadata; username, domain and canonical address never change."""
    wanted = shaped(ChangeInbox, await read_json(call.http))
    changed = tuple(sorted(wanted.model_fields_set))
    if not changed:
        await reads.find_inbox(call, id)
        return answered({"updated": False, "id": str(id)})
    changes = AccountChanges(display_name=wanted.display_name, metadata=wanted.metadata or {})
    data = AccountChangeRequested(caller=call.caller, changes=changes, changed=changed)
    body = wanted.model_dump(include=set(changed))
    return await ask_of_inbox(call, RequestKind.ACCOUNT_CHANGE, id, data, body=body)


@router.delete(
    "/{id}",
    **documented(
        "deleteInbox",
        "Delete an inbox",
        scope="inboxes:write",
        keys="tk wk",
        success={200: AgentDeleted, 202: Inbox},
        errors=(404,),
        waits=True,
    ),
)
async def delete_inbox(call: InboxWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Delete an inbox with everything it has at the provider; its address can never be used again.

    An inbox that is still being made is deleted too; the call that makes it is then answered 409 `INBOX_DELETED`.
    """
    data = AccountDeletionRequested(caller=call.caller)
    return await ask_of_inbox(call, RequestKind.ACCOUNT_DELETE, id, data)


async def _tenant_name(call: Call) -> str:
    async with call.edge.reader.bound(call.caller) as connection:
        tenant = await get_tenant(connection, call.caller.tenant_id)
    if tenant is None:
        raise LookupError("a key belongs to a tenant that is not there")
    return tenant.name
