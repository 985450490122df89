"""Puffle's routes across channels: `/api/senders`, and its older twin `/api/accounts`."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.parameters import AccountReader, AccountWriter, Id
from services.gateway.dialects.puffle.render import schedule_json, sender_json, wide_json
from services.gateway.dialects.puffle.responses import (
    AccountResponse,
    Gone,
    SenderList,
    SenderResponse,
    SenderSchedule,
)
from services.gateway.dialects.puffle.routes_accounts import remove
from services.gateway.dialects.puffle.subjects import answered

router = APIRouter(prefix="/api", tags=["senders"])


def _list_of_senders(operation: str, summary: str) -> dict[str, Any]:
    return documented(
        operation,
        summary,
        scope="accounts:read",
        success={200: SenderList},
        errors=(400,),
        pages=True,
    )


@router.get("/accounts", **_list_of_senders("listAccounts", "List the accounts of every channel"))
@router.get("/senders", **_list_of_senders("listSenders", "List the senders of every channel"))
async def list_senders(call: AccountReader) -> Response:
    """List what the workspace can send from, newest first; what only other channels have is null."""
    listed = await reads.list_accounts(call)
    return answered({**listed, "accounts": [wide_json(account) for account in listed["accounts"]]})


@router.get(
    "/senders/{id}",
    **documented(
        "getSenderDetails",
        "Read a sender with what it sends",
        scope="accounts:read",
        success={200: SenderResponse},
        errors=(400, 404),
    ),
)
async def get_sender(call: AccountReader, account_id: Id) -> Response:
    """Read one sender, what it sent today and is committed to, and the campaigns it belongs to."""
    account = await reads.find_account(call, account_id)
    return answered(sender_json(account, await reads.sends_today(call, account_id)))


@router.get(
    "/senders/{id}/schedule",
    **documented(
        "getSenderSchedule",
        "Read what a sender may send on the days to come",
        scope="accounts:read",
        success={200: SenderSchedule},
        errors=(400, 404),
    ),
)
async def get_schedule(call: AccountReader, account_id: Id) -> Response:
    """Read how much one sender may still send on each of the next 14 days of UTC, today first."""
    account = await reads.find_account(call, account_id)
    sends = await reads.sends_today(call, account_id)
    return answered(schedule_json(account, sends, call.edge.clock.now().astimezone(UTC).date()))


@router.delete(
    "/accounts/{id}",
    **documented(
        "deleteAccount",
        "Delete an account of any channel",
        scope="accounts:write",
        success={200: Gone, 202: AccountResponse},
        errors=(404, 413),
        codes={400: ("invalid_json", "unknown_field")},
        waits=True,
    ),
)
async def delete_account(call: AccountWriter, account_id: Id) -> Response:
    """Delete an email account; the same as `deleteEmailAccount`."""
    return await remove(call, account_id)
