"""Sendmux's routes that change a mailbox, stop it or end it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.sendmux import reads
from services.gateway.dialects.sendmux.bodies import read_fields, read_no_fields
from services.gateway.dialects.sendmux.conditions import accepted, names_version, require_match
from services.gateway.dialects.sendmux.docs import documented
from services.gateway.dialects.sendmux.errors import conflict, envelope
from services.gateway.dialects.sendmux.parameters import (
    MailboxId,
    MailboxManager,
    MailboxRemover,
    own_mailbox_id,
)
from services.gateway.dialects.sendmux.render import MAILBOXES
from services.gateway.dialects.sendmux.responses import Envelope, Mailbox, Removed
from services.gateway.dialects.sendmux.schemas import ChangeMailbox
from services.gateway.dialects.wire import JSON
from services.gateway.requests.accept import Guard
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import AccountChangeRequested, AccountChanges, AccountDeletionRequested

router = APIRouter(prefix=MAILBOXES, tags=["mailboxes"])

_UNCHANGEABLE = {
    "provisioning": "The mailbox is still being made.",
    "failed": "The mailbox could not be made.",
    "deleted": "The mailbox is deleted.",
}


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
async def change_mailbox(call: MailboxManager, public_id: MailboxId) -> Response:
    """Change the fields that are given; a `display_name` of null is cleared.

    With `If-Match` the change is made only to that version of the mailbox; otherwise it answers 409 with the ETag of
    the version there is.
    """
    own = own_mailbox_id(public_id)
    wanted, body = await read_fields(call.http, ChangeMailbox)
    wanted.check()
    mailbox = await reads.find_mailbox(call, own)

    async def is_as_seen() -> None:
        require_match(call, mailbox.etag)
        _require_changeable(mailbox)

    if not wanted.model_fields_set:
        await is_as_seen()
        return Response(envelope(mailbox.shown, call.id), 200, {"ETag": mailbox.etag}, JSON)
    data = AccountChangeRequested(
        caller=call.caller,
        changes=wanted.contract(),
        changed=tuple(sorted(wanted.model_fields_set)),
        expected_version=mailbox.version if names_version(call) else None,
    )
    return await _change(call, mailbox, data, body, is_as_seen)


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
async def delete_mailbox(call: MailboxRemover, public_id: MailboxId) -> Response:
    """Delete a mailbox and end all its keys; deleting it again changes nothing and answers the same.

    The address cannot be used again: whoever had it next would read mail meant for somebody else.
    """
    mailbox = await reads.find_mailbox(call, own_mailbox_id(public_id))

    async def is_as_seen() -> None:
        require_match(call, mailbox.etag)

    if mailbox.is_gone:
        await is_as_seen()
        return Response(envelope({"deleted": True, "id": public_id}, call.id), media_type=JSON)
    data = AccountDeletionRequested(caller=call.caller)
    asked = await call.ask(
        RequestKind.ACCOUNT_DELETE,
        mailbox.id,
        data,
        guard=is_as_seen,
        workspace_id=mailbox.account.workspace_id,
    )

    async def as_it_stands() -> Response:
        return accepted(call, mailbox, {"deleted": False, "id": public_id})

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
async def suspend_mailbox(call: MailboxManager, public_id: MailboxId) -> Response:
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
async def resume_mailbox(call: MailboxManager, public_id: MailboxId) -> Response:
    """Let a suspended mailbox work again; one that is active stays so."""
    return await _suspend(call, public_id, suspended=False)


async def _suspend(call: Call, public_id: str, *, suspended: bool) -> Response:
    own = own_mailbox_id(public_id)
    await read_no_fields(call.http)
    mailbox = await reads.find_mailbox(call, own)
    data = AccountChangeRequested(
        caller=call.caller, changes=AccountChanges(suspended=suspended), changed=("suspended",)
    )

    async def is_changeable() -> None:
        _require_changeable(mailbox)

    return await _change(call, mailbox, data, None, is_changeable)


async def _change(
    call: Call,
    mailbox: reads.Mailbox,
    data: AccountChangeRequested,
    body: object,
    guard: Guard,
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
        return accepted(call, now, now.shown)

    return await call.respond(asked, otherwise=as_it_stands)


def _require_changeable(mailbox: reads.Mailbox) -> None:
    reason = _UNCHANGEABLE.get(mailbox.status)
    if reason is not None:
        raise conflict(reason, etag=mailbox.etag)
