"""Sendmux's mailbox routes: `/api/v1/mailboxes`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from services.gateway.calls import Call, allowed
from services.gateway.dialects.sendmux import reads
from services.gateway.dialects.sendmux.bodies import read_fields, read_no_fields
from services.gateway.dialects.sendmux.conditions import require_match, shown
from services.gateway.dialects.sendmux.docs import PAGE, documented
from services.gateway.dialects.sendmux.errors import conflict, envelope
from services.gateway.dialects.sendmux.render import JSON, MAILBOXES, STILL_MADE, mailbox_json
from services.gateway.dialects.sendmux.responses import CreatedMailbox, Envelope, Listed, Mailbox, Removed
from services.gateway.dialects.sendmux.schemas import ChangeMailbox, CreateMailbox
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import (
    AccountChangeRequested,
    AccountChanges,
    AccountDeletionRequested,
    AccountRequested,
    Plan,
    Step,
)
from shared.contracts.requests import Dialect

router = APIRouter(prefix=MAILBOXES, tags=["mailboxes"])

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS), soft_steps=(Step.CREDENTIALS,))
"""What a Sendmux mailbox is made of; it is there without credentials too (S4-35, A46)."""

_UNCHANGEABLE = {
    "provisioning": "The mailbox is still being made.",
    "failed": "The mailbox could not be made.",
    "deleted": "The mailbox is deleted.",
}

Reader = Annotated[Call, Depends(allowed("mailbox.admin.read", Dialect.SENDMUX))]
Creator = Annotated[Call, Depends(allowed("mailbox.admin.create", Dialect.SENDMUX))]
Remover = Annotated[Call, Depends(allowed("mailbox.admin.delete", Dialect.SENDMUX))]
Manager = Annotated[Call, Depends(allowed("mailbox.admin.manage", Dialect.SENDMUX))]
Id = Annotated[str, Path(description="`mbx_…`")]


@router.post(
    "",
    **documented(
        "createMailbox",
        "Create a mailbox",
        scope="mailbox.admin.create",
        body=CreateMailbox,
        success={201: Envelope[CreatedMailbox], 202: Envelope[CreatedMailbox]},
        errors=(409, 422, 503),
        asks=True,
    ),
)
async def create_mailbox(call: Creator) -> Response:
    """Make a mailbox with a first key and the matching IMAP/SMTP password.

    The domain of the address must be verified: register it with `createDomain`, then call `verifyDomain`. Addresses on
    `myagent.mx` need neither. If a step is refused for good, what was made is undone and the call fails; only when the
    credentials are refused, the mailbox stays: `api_key` and `imap_smtp_credentials` are null, `warning` says so, and
    `createMailboxKey` issues some.

    The secrets are in this response only, and in its replays with the same Idempotency-Key for 24 hours.
    """
    wanted, body = await read_fields(call.http, CreateMailbox)
    wanted.check()
    username, _, domain = wanted.email.rpartition("@")
    data = AccountRequested(
        caller=call.caller,
        plan=PLAN,
        workspace_id=call.workspace_id,
        username=username,
        domain=domain,
        display_name=wanted.display_name or None,
        quota_bytes=wanted.quota_bytes or None,
        send_scope=wanted.send_scope.contract(),
    )
    asked = await call.ask(RequestKind.ACCOUNT_CREATE, call.edge.ids.new(), data, body=body)

    async def as_it_stands() -> Response:
        mailbox = await reads.find_mailbox(call, asked.subject_id)
        unmade = {"api_key": None, "imap_smtp_credentials": None, "warning": STILL_MADE}
        return _accepted(call, mailbox, {"mailbox": mailbox.shown, **unmade})

    return await call.respond(asked, otherwise=as_it_stands)


@router.get(
    "",
    **documented(
        "listMailboxes",
        "List mailboxes",
        scope="mailbox.admin.read",
        success={200: Listed[Mailbox]},
        errors=(400,),
        parameters=PAGE,
    ),
)
async def list_mailboxes(
    call: Reader,
    include_deleted: Annotated[  # noqa: ARG001  read with the page's other parameters
        str,
        Query(
            description="`true` lists deleted mailboxes too.",
            json_schema_extra={"enum": ["true", "false"]},
        ),
    ] = "false",
) -> Response:
    """List the team's mailboxes, newest first."""
    page = await reads.list_mailboxes(call)
    mailboxes = [mailbox_json(view.account) for view in page.items]
    body = envelope(mailboxes, call.id, pagination=reads.pagination(page.next_cursor))
    return Response(body, media_type=JSON)


@router.get(
    "/{public_id}",
    **documented(
        "getMailbox",
        "Read a mailbox",
        scope="mailbox.admin.read",
        success={200: Envelope[Mailbox]},
        errors=(400, 404),
        has_etag=True,
    ),
)
async def get_mailbox(call: Reader, public_id: Id) -> Response:
    """Read one mailbox, a deleted one too; it answers from the moment its creation was accepted."""
    mailbox = await reads.find_mailbox(call, reads.mailbox_id(public_id))
    return shown(call, mailbox.shown, mailbox.etag)


@router.patch(
    "/{public_id}",
    **documented(
        "updateMailbox",
        "Change a mailbox",
        scope="mailbox.admin.manage",
        body=ChangeMailbox,
        success={200: Envelope[Mailbox], 202: Envelope[Mailbox]},
        errors=(404, 409, 422, 503),
        changes=True,
    ),
)
async def change_mailbox(call: Manager, public_id: Id) -> Response:
    """Change the fields that are given; a `display_name` of null is cleared.

    With `If-Match` the change is made only to that version of the mailbox; otherwise it answers 409 with the ETag of
    the version there is.
    """
    own = reads.mailbox_id(public_id)
    wanted, body = await read_fields(call.http, ChangeMailbox)
    wanted.check()
    mailbox = await reads.find_mailbox(call, own)
    names_version = require_match(call, mailbox.etag)
    _require_changeable(mailbox)
    if not wanted.model_fields_set:
        return shown(call, mailbox.shown, mailbox.etag)
    data = AccountChangeRequested(
        caller=call.caller,
        changes=wanted.contract(),
        changed=tuple(sorted(wanted.model_fields_set)),
        expected_version=mailbox.version if names_version else None,
    )
    return await _change(call, mailbox, data, body)


@router.delete(
    "/{public_id}",
    **documented(
        "deleteMailbox",
        "Delete a mailbox",
        scope="mailbox.admin.delete",
        success={200: Envelope[Removed], 202: Envelope[Removed]},
        errors=(404, 503),
        changes=True,
    ),
)
async def delete_mailbox(call: Remover, public_id: Id) -> Response:
    """Delete a mailbox and end all its keys; deleting it again changes nothing and answers the same.

    The address cannot be used again: whoever had it next would read mail meant for somebody else.
    """
    mailbox = await reads.find_mailbox(call, reads.mailbox_id(public_id))
    require_match(call, mailbox.etag)
    if mailbox.is_gone:
        return Response(envelope({"deleted": True, "id": public_id}, call.id), media_type=JSON)
    data = AccountDeletionRequested(caller=call.caller)
    asked = await call.ask(
        RequestKind.ACCOUNT_DELETE, mailbox.id, data, workspace_id=mailbox.account.workspace_id
    )

    async def as_it_stands() -> Response:
        return _accepted(call, mailbox, {"deleted": False, "id": public_id})

    return await call.respond(asked, otherwise=as_it_stands)


@router.post(
    "/{public_id}/suspend",
    **documented(
        "suspendMailbox",
        "Suspend a mailbox",
        scope="mailbox.admin.manage",
        success={200: Envelope[Mailbox], 202: Envelope[Mailbox]},
        errors=(400, 404, 409, 422, 503),
        asks=True,
    ),
)
async def suspend_mailbox(call: Manager, public_id: Id) -> Response:
    """Stop a mailbox without losing anything of it; one that is suspended stays so."""
    return await _suspend(call, public_id, suspended=True)


@router.post(
    "/{public_id}/resume",
    **documented(
        "resumeMailbox",
        "Resume a mailbox",
        scope="mailbox.admin.manage",
        success={200: Envelope[Mailbox], 202: Envelope[Mailbox]},
        errors=(400, 404, 409, 422, 503),
        asks=True,
    ),
)
async def resume_mailbox(call: Manager, public_id: Id) -> Response:
    """Let a suspended mailbox work again; one that is active stays so."""
    return await _suspend(call, public_id, suspended=False)


async def _suspend(call: Call, public_id: str, *, suspended: bool) -> Response:
    own = reads.mailbox_id(public_id)
    await read_no_fields(call.http)
    mailbox = await reads.find_mailbox(call, own)
    data = AccountChangeRequested(
        caller=call.caller, changes=AccountChanges(suspended=suspended), changed=("suspended",)
    )

    async def is_changeable() -> None:
        _require_changeable(mailbox)

    return await _change(call, mailbox, data, None, guard=is_changeable)


async def _change(
    call: Call,
    mailbox: reads.Mailbox,
    data: AccountChangeRequested,
    body: object,
    *,
    guard: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    asked = await call.ask(
        RequestKind.ACCOUNT_CHANGE,
        mailbox.id,
        data,
        body=body,
        guard=guard,
        workspace_id=mailbox.account.workspace_id,
    )

    async def as_it_stands() -> Response:
        now = await reads.find_mailbox(call, mailbox.id)
        return _accepted(call, now, now.shown)

    return await call.respond(asked, otherwise=as_it_stands)


def _require_changeable(mailbox: reads.Mailbox) -> None:
    reason = _UNCHANGEABLE.get(mailbox.status)
    if reason is not None:
        raise conflict(reason, etag=mailbox.etag)


def _accepted(call: Call, mailbox: reads.Mailbox, data: object) -> Response:
    place = {"Location": f"{MAILBOXES}/{mailbox.shown['id']}"}
    return Response(envelope(data, call.id), 202, place, JSON)
