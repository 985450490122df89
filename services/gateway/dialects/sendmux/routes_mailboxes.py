"""Sendmux's mailbox routes: `/api/v1/mailboxes`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.gateway.dialects.sendmux import reads
from services.gateway.dialects.sendmux.bodies import read_fields
from services.gateway.dialects.sendmux.conditions import accepted, shown
from services.gateway.dialects.sendmux.docs import PAGE, documented
from services.gateway.dialects.sendmux.errors import envelope
from services.gateway.dialects.sendmux.parameters import (
    MailboxCreator,
    MailboxId,
    MailboxReader,
    own_mailbox_id,
)
from services.gateway.dialects.sendmux.render import MAILBOXES, STILL_MADE, mailbox_json
from services.gateway.dialects.sendmux.responses import CreatedMailbox, Envelope, Listed, Mailbox
from services.gateway.dialects.sendmux.schemas import CreateMailbox
from services.gateway.dialects.wire import JSON
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import AccountRequested, Plan, Step

router = APIRouter(prefix=MAILBOXES, tags=["mailboxes"])

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS), soft_steps=(Step.CREDENTIALS,))
"""What a Sendmux mailbox is made of; it is there without credentials too (S4-35, A46)."""


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
async def create_mailbox(call: MailboxCreator) -> Response:
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
        return accepted(call, mailbox, {"mailbox": mailbox.shown, **unmade})

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
    call: MailboxReader,
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
async def get_mailbox(call: MailboxReader, public_id: MailboxId) -> Response:
    """Read one mailbox, a deleted one too; it answers from the moment its creation was accepted."""
    mailbox = await reads.find_mailbox(call, own_mailbox_id(public_id))
    return shown(call, mailbox.shown, mailbox.etag)
