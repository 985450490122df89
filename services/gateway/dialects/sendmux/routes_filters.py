"""Sendmux's routes for what a mailbox takes mail from: `/api/v1/mailboxes/{public_id}/filters`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.dialects.sendmux import filters, reads
from services.gateway.dialects.sendmux.bodies import read_fields
from services.gateway.dialects.sendmux.conditions import shown
from services.gateway.dialects.sendmux.docs import documented
from services.gateway.dialects.sendmux.errors import conflict
from services.gateway.dialects.sendmux.parameters import (
    MailboxId,
    MailboxManager,
    MailboxReader,
    own_mailbox_id,
)
from services.gateway.dialects.sendmux.render import MAILBOXES
from services.gateway.dialects.sendmux.responses import Envelope, MailboxFilters
from services.gateway.dialects.sendmux.schemas import SetFilters

LARGEST_FILTERS = 2**20
"""A thousand rules with long patterns and notes, in bytes."""

router = APIRouter(prefix=MAILBOXES, tags=["mailbox filters"])


@router.get(
    "/{public_id}/filters",
    **documented(
        "getMailboxFilters",
        "Read the filters of a mailbox",
        scope="mailbox.admin.read",
        success={200: Envelope[MailboxFilters]},
        errors=(400, 404),
        has_etag=True,
    ),
)
async def get_filters(call: MailboxReader, public_id: MailboxId) -> Response:
    """Read whose mail a mailbox is to take; `off` without rules until somebody sets them."""
    mailbox = await reads.find_mailbox(call, own_mailbox_id(public_id))
    now = await filters.find(call, mailbox.id)
    return shown(call, now.shown, now.etag)


@router.put(
    "/{public_id}/filters",
    **documented(
        "setMailboxFilters",
        "Set the filters of a mailbox",
        scope="mailbox.admin.manage",
        body=SetFilters,
        success={200: Envelope[MailboxFilters]},
        errors=(404, 409, 422),
        changes=True,
    ),
)
async def set_filters(call: MailboxManager, public_id: MailboxId) -> Response:
    """Replace the mode and all rules. They are kept and shown; mail is not yet measured by them.

    With `If-Match` they are replaced only if they are still that version; otherwise it answers 409 with the ETag of
    the version there is.
    """
    own = own_mailbox_id(public_id)
    wanted, body = await read_fields(call.http, SetFilters, limit=LARGEST_FILTERS)
    mailbox = await reads.find_mailbox(call, own)
    if mailbox.status in {"failed", "deleted"}:
        raise conflict(f"The mailbox is {mailbox.status}.")
    return await filters.replace(call, mailbox.account, wanted, body)
