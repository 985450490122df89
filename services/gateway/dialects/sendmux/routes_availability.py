"""Sendmux's route for whether an address can be had: `/api/v1/mailboxes/availability`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.gateway.dialects.sendmux.docs import documented
from services.gateway.dialects.sendmux.errors import envelope
from services.gateway.dialects.sendmux.parameters import MailboxReader
from services.gateway.dialects.sendmux.reads import find_availability
from services.gateway.dialects.sendmux.render import MAILBOXES
from services.gateway.dialects.sendmux.responses import AddressAvailability, Envelope
from services.gateway.dialects.wire import JSON
from services.gateway.errors import ApiError, FieldError

router = APIRouter(prefix=MAILBOXES, tags=["mailboxes"])


@router.get(
    "/availability",
    **documented(
        "getMailboxAvailability",
        "See whether an address can be had",
        scope="mailbox.admin.read",
        success={200: Envelope[AddressAvailability]},
        errors=(400,),
    ),
)
async def get_availability(
    call: MailboxReader,
    email: Annotated[str | None, Query(description="The address; required.", max_length=1_000)] = None,
) -> Response:
    """See whether a mailbox could be made with an address now; only making it settles that.

    `domain_not_available`: the domain is not a verified one of yours. `taken`: the address is, or once was, somebody's.
    `reserved`: a mailbox is being made with it. `cleanup_pending`: what had it is being removed.
    """
    if email is None:
        message = "The parameter email is required."
        raise ApiError(400, "invalid_request", message, fields=(FieldError("email", "missing", message),))
    return Response(envelope(await find_availability(call, email), call.id), media_type=JSON)
