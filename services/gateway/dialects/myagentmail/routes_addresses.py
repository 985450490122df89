"""MyAgentMail's routes of an inbox's further addresses: `/v1/inboxes/{id}/addresses`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.gateway.bodies import read_json, shaped
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.errors import SENTENCES
from services.gateway.dialects.myagentmail.parameters import Id, InboxWriter
from services.gateway.dialects.myagentmail.render import INBOXES
from services.gateway.dialects.myagentmail.responses import AddedAddress, Inbox, RemovedAddress
from services.gateway.dialects.myagentmail.schemas import AddAddress, is_address
from services.gateway.dialects.myagentmail.subjects import ask_of_inbox
from services.gateway.errors import ApiError
from services.gateway.requests.model import RequestKind
from services.gateway.views import AccountView
from shared.contracts.accounts import AddressAdditionRequested, AddressRemovalRequested

router = APIRouter(prefix=INBOXES + "/{id}/addresses", tags=["inboxes"])


@router.post(
    "",
    **documented(
        "addInboxAddress",
        "Add an address to an inbox",
        scope="inboxes:write",
        keys="tk wk",
        body=AddAddress,
        success={201: AddedAddress, 202: Inbox},
        errors=(404, 502),
        codes={
            400: ("domain_not_verified",),
            404: ("domain_not_found",),
            409: ("address_taken", "address_burned", "account_not_active"),
        },
        waits=True,
    ),
)
async def add_address(call: InboxWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Give an inbox a further address, at a platform domain or at a verified domain of its workspace."""
    wanted = shaped(AddAddress, await read_json(call.http))
    data = AddressAdditionRequested(caller=call.caller, address=wanted.email, is_primary=wanted.primary)
    return await ask_of_inbox(call, RequestKind.ADDRESS_ADD, id, data, body=wanted.model_dump())


@router.delete(
    "/{address}",
    **documented(
        "removeInboxAddress",
        "Remove an address from an inbox",
        scope="inboxes:write",
        keys="tk wk",
        success={200: RemovedAddress, 202: Inbox},
        errors=(404, 502),
        codes={404: ("address_not_found",), 409: ("canonical_address", "account_not_active")},
        waits=True,
    ),
)
async def remove_address(
    call: InboxWriter,
    id: Id,  # noqa: A002  the name in the path
    address: Annotated[str, Path(description="URL-encoded.")],
) -> Response:
    """Take an address away from an inbox; when it was the primary one, the canonical one is primary again."""
    if not is_address(address):
        await reads.find_inbox(call, id)
        raise ApiError(404, "address_not_found", SENTENCES["address_not_found"])
    data = AddressRemovalRequested(caller=call.caller, address=address)
    require = partial(_require_alias, address)
    return await ask_of_inbox(call, RequestKind.ADDRESS_REMOVE, id, data, require=require)


def _require_alias(address: str, view: AccountView) -> None:
    """Refuse to give up what identifies the inbox for ever."""
    if address == view.account.address:
        raise ApiError(409, "canonical_address", "The canonical address of an inbox cannot be removed.")
