"""Puffle's account routes: `/api/email/accounts`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.calls import Call
from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.parameters import AccountReader, AccountWriter, Id
from services.gateway.dialects.puffle.render import ACCOUNTS
from services.gateway.dialects.puffle.responses import AccountList, AccountResponse, Gone, History
from services.gateway.dialects.puffle.schemas import ChangeAccount, CreateAccount
from services.gateway.dialects.puffle.subjects import ACCOUNT, answered, ask, ask_of_existing, show
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import (
    AccountChangeRequested,
    AccountChanges,
    AccountDeletionRequested,
    AccountRequested,
    Plan,
    Step,
)

router = APIRouter(prefix=ACCOUNTS, tags=["accounts"])

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS, Step.SENDER, Step.TAGS), warmup=True)
"""What a Puffle account is made of."""


@router.post(
    "",
    **documented(
        "createEmailAccount",
        "Create an email sender account",
        scope="accounts:write",
        body=CreateAccount,
        success={201: AccountResponse, 202: AccountResponse},
        errors=(404, 502),
        codes={
            400: ("domain_not_verified",),
            409: ("address_taken", "address_burned", "account_deleted"),
        },
        waits=True,
    ),
)
async def create_account(call: AccountWriter) -> Response:
    """Reserve the address, make the inbox, register it for warmup, tag it and start the warmup.

    The domain must be `verified`: claim it with `createEmailDomain`, then poll `verifyEmailDomain` with `poll=true`
    until it is `verified` or `failed`.

    Answers 201 when the warmup was started (`status` is `warming`) or refused to start (`pending`; the service tries
    again by itself, and at once with `retryAccountWarmup`), 202 when the wait is over before that. If a provider
    refuses an earlier step, what was made is undone, and the address of a deleted inbox stays blocked (409).

    A `warming` account sends no campaign mail until its warmup is complete or `disabled` (`disableAccountWarmup`);
    then it is `active`. How far the warmup is tells `getWarmupAnalytics`.
    """
    body = await read_json(call.http)
    wanted = shaped(CreateAccount, body)
    data = AccountRequested(
        caller=call.caller,
        plan=PLAN,
        workspace_id=call.workspace_id,
        username=wanted.username,
        domain_id=UUID(wanted.domain_id),
        display_name=wanted.shown_name(),
        first_name=wanted.first_name,
        last_name=wanted.last_name,
    )
    return await ask(call, ACCOUNT, RequestKind.ACCOUNT_CREATE, call.edge.ids.new(), data, body=body)


@router.get(
    "",
    **documented(
        "listEmailAccounts",
        "List email sender accounts",
        scope="accounts:read",
        success={200: AccountList},
        errors=(400,),
        pages=True,
    ),
)
async def list_accounts(call: AccountReader) -> Response:
    """List the workspace's accounts, newest first, each with its domain."""
    return answered(await reads.list_accounts(call))


@router.get(
    "/{id}",
    **documented(
        "getEmailAccount",
        "Read an email sender account",
        scope="accounts:read",
        success={200: AccountResponse},
        errors=(400, 404),
    ),
)
async def get_account(call: AccountReader, account_id: Id) -> Response:
    """Read one account; it answers from the moment its creation was accepted."""
    return await show(call, ACCOUNT, account_id)


@router.get(
    "/{id}/history",
    **documented(
        "getEmailAccountHistory",
        "Read the history of an email sender account",
        scope="accounts:read",
        success={200: History},
        errors=(400, 404),
        pages=True,
    ),
)
async def get_history(call: AccountReader, account_id: Id) -> Response:
    """Read every event of an account's life in order, with what caused it."""
    return answered(await reads.list_history(call, account_id))


@router.patch(
    "/{id}",
    **documented(
        "updateEmailAccount",
        "Change the signature of an email sender account",
        scope="accounts:write",
        body=ChangeAccount,
        success={200: AccountResponse, 202: AccountResponse},
        errors=(404, 502),
        codes={409: ("wrong_state",), 502: ("provider_unavailable",)},
        waits=True,
    ),
)
async def change_account(call: AccountWriter, account_id: Id) -> Response:
    """Change the signature; nothing else of an account can be changed, and an empty one clears it.

    It is changed at the warmup provider first, where line breaks become `<br>`. If the provider refuses or does not
    answer (502), the account is as it was.
    """
    body = await read_json(call.http)
    changes = AccountChanges(signature=shaped(ChangeAccount, body).signature)
    data = AccountChangeRequested(caller=call.caller, changes=changes, changed=("signature",))
    return await ask_of_existing(call, ACCOUNT, RequestKind.ACCOUNT_CHANGE, account_id, data, body=body)


@router.delete(
    "/{id}",
    **documented(
        "deleteEmailAccount",
        "Delete an email sender account",
        scope="accounts:write",
        success={200: Gone, 202: AccountResponse},
        errors=(404, 413),
        codes={400: ("invalid_json", "unknown_field")},
        waits=True,
    ),
)
async def delete_account(call: AccountWriter, account_id: Id) -> Response:
    """End the warmup, take the registration, the inbox and its credentials away, then forget the account.

    Answers 200 once all of it is confirmed gone, 202 when the wait is over before that: the account reads as
    `deleting` until it answers 404. It also works while the account is being created. There is no way back, and its
    address stays blocked for ever: to create it again answers 409 `address_burned` with the reason and the date.
    """
    return await remove(call, account_id)


async def remove(call: Call, account_id: UUID) -> Response:
    """Ask for the removal of an account.

    Raises:
        ApiError: There is none, or it is not the caller's (404), or the call has a body (400).
    """
    await read_nothing(call.http)
    data = AccountDeletionRequested(caller=call.caller)
    return await ask_of_existing(call, ACCOUNT, RequestKind.ACCOUNT_DELETE, account_id, data)
