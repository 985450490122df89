"""Sendmux's routes for the keys of one mailbox: `/api/v1/mailboxes/{public_id}/keys`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.dialects.sendmux import reads
from services.gateway.dialects.sendmux.bodies import read_fields
from services.gateway.dialects.sendmux.docs import documented
from services.gateway.dialects.sendmux.errors import envelope, inactive
from services.gateway.dialects.sendmux.parameters import (
    KeyId,
    MailboxId,
    MailboxManager,
    MailboxReader,
    own_key_id,
    own_mailbox_id,
)
from services.gateway.dialects.sendmux.render import MAILBOXES, STILL_MADE, key_json
from services.gateway.dialects.sendmux.responses import (
    Envelope,
    Listed,
    MailboxCredentials,
    MailboxKey,
    NoCredentials,
    Removed,
)
from services.gateway.dialects.sendmux.schemas import CreateKey
from services.gateway.dialects.wire import JSON
from services.gateway.errors import not_found
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import CredentialsRequested, CredentialsRevocationRequested

router = APIRouter(prefix=MAILBOXES, tags=["mailbox keys"])


@router.post(
    "/{public_id}/keys",
    **documented(
        "createMailboxKey",
        "Issue a key for a mailbox",
        scope="mailbox.admin.manage",
        body=CreateKey,
        success={201: Envelope[MailboxCredentials], 202: Envelope[NoCredentials]},
        errors=(404, 409, 422, 503),
        asks=True,
    ),
)
async def create_key(call: MailboxManager, public_id: MailboxId) -> Response:
    """Issue a further key with its IMAP/SMTP password, also for a mailbox that was made without credentials.

    The mailbox must be `active`. The secrets are in this response only, and in its replays with the same
    Idempotency-Key for 24 hours; of a response that was lost, `listMailboxKeys` shows the key, which
    `deleteMailboxKey` ends.
    """
    own = own_mailbox_id(public_id)
    wanted, body = await read_fields(call.http, CreateKey)
    mailbox = await reads.find_mailbox(call, own)

    async def is_active() -> None:
        if mailbox.status != "active":
            raise inactive(mailbox.status)

    key_id = call.edge.ids.new()
    data = CredentialsRequested(caller=call.caller, credential_id=key_id, name=wanted.app_name)
    asked = await call.ask(
        RequestKind.CREDENTIAL_CREATE,
        own,
        data,
        body=body,
        guard=is_active,
        workspace_id=mailbox.account.workspace_id,
    )

    async def as_it_stands() -> Response:
        place = {"Location": f"{MAILBOXES}/{public_id}/keys"}
        unmade = {"api_key": None, "imap_smtp_credentials": None, "warning": STILL_MADE}
        return Response(envelope(unmade, call.id), 202, place, JSON)

    return await call.respond(asked, otherwise=as_it_stands)


@router.get(
    "/{public_id}/keys",
    **documented(
        "listMailboxKeys",
        "List the keys of a mailbox",
        scope="mailbox.admin.read",
        success={200: Listed[MailboxKey]},
        errors=(404,),
    ),
)
async def list_keys(call: MailboxReader, public_id: MailboxId) -> Response:
    """List the keys of a mailbox that are in force, newest first, without their secrets."""
    mailbox = await reads.find_mailbox(call, own_mailbox_id(public_id))
    in_force = () if mailbox.is_gone else mailbox.account.credentials
    shown = [key_json(each) for each in reversed(in_force)]
    return Response(envelope(shown, call.id, pagination={"has_more": False}), media_type=JSON)


@router.delete(
    "/{public_id}/keys/{key_id}",
    **documented(
        "deleteMailboxKey",
        "End a key of a mailbox",
        scope="mailbox.admin.manage",
        success={200: Envelope[Removed], 202: Envelope[Removed]},
        errors=(404, 409, 503),
    ),
)
async def delete_key(call: MailboxManager, public_id: MailboxId, key_id: KeyId) -> Response:
    """End a key and the password that came with it; ending it again changes nothing and answers the same."""
    own, credential = own_mailbox_id(public_id), own_key_id(key_id)
    mailbox = await reads.find_mailbox(call, own)
    if mailbox.is_gone:
        if not await reads.is_ended(call, own, credential):
            raise not_found("key")
        return Response(envelope({"deleted": True, "id": key_id}, call.id), media_type=JSON)
    data = CredentialsRevocationRequested(caller=call.caller, credential_id=credential)
    asked = await call.ask(
        RequestKind.CREDENTIAL_REVOKE, own, data, workspace_id=mailbox.account.workspace_id
    )

    async def as_it_stands() -> Response:
        place = {"Location": f"{MAILBOXES}/{public_id}/keys"}
        return Response(envelope({"deleted": False, "id": key_id}, call.id), 202, place, JSON)

    return await call.respond(asked, otherwise=as_it_stands)
