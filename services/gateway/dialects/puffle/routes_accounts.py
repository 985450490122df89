"""Puffle's account routes: `/api/email/accounts`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from services.gateway import queries
from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.calls import Call, allowed
from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.docs import documented, id_parameter
from services.gateway.dialects.puffle.errors import encode
from services.gateway.dialects.puffle.render import JSON, history_json
from services.gateway.dialects.puffle.responses import AccountList, AccountResponse, History
from services.gateway.dialects.puffle.schemas import CreateAccount
from services.gateway.errors import ApiError, invalid
from services.gateway.queries import BadCursor
from services.gateway.requests.model import RequestKind
from shared.contracts.accounts import AccountRequested, Plan, Step
from shared.contracts.requests import Dialect
from shared.contracts.warmups import WarmupRetryRequested

PATH = "/api/email/accounts"
router = APIRouter(prefix=PATH, tags=["accounts"])

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS, Step.SENDER, Step.TAGS), warmup=True)
"""What a Puffle account is made of."""

_WITHOUT_WARMUP = {"provisioning", "failed", "deleting"}
"""In these states there is no warmup to retry, and its owner may never have heard of the account."""

Reader = Annotated[Call, Depends(allowed("accounts:read", Dialect.PUFFLE))]
Writer = Annotated[Call, Depends(allowed("accounts:write", Dialect.PUFFLE))]
Id = Annotated[str, Path(json_schema_extra=id_parameter())]


@router.post(
    "",
    **documented(
        "createEmailAccount",
        "Create an email sender account",
        scope="accounts:write",
        body=CreateAccount,
        success={201: AccountResponse, 202: AccountResponse},
        errors=(404, 502),
        codes={400: ("domain_not_verified",), 409: ("address_taken", "address_burned")},
        waits=True,
    ),
)
async def create_account(call: Writer) -> Response:
    """Reserve the address, make the inbox, register it for warmup, tag it and start the warmup.

    The domain must be `verified`: claim it with `createEmailDomain`, then poll `verifyEmailDomain` with `poll=true`
    until it is `verified` or `failed`.

    Answers 201 when the warmup was started (`status` is `warming`) or refused to start (`pending`; the service tries
    again by itself, and at once with `retryAccountWarmup`), 202 when the wait is over before that. If a provider
    refuses an earlier step, what was made is undone, and the address of a deleted inbox stays blocked (409).

    A `warming` account sends no campaign mail until its warmup is complete or `disabled`; then it is `active`.
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
    asked = await call.ask(RequestKind.ACCOUNT_CREATE, call.edge.ids.new(), data, body=body)
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, asked.subject_id))


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
async def list_accounts(call: Reader) -> Response:
    """List the workspace's accounts, newest first."""
    return Response(encode(await reads.list_accounts(call)), media_type=JSON)


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
async def get_account(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one account; it answers from the moment its creation was accepted."""
    account = await reads.find_account(call, reads.parse_id(id))
    return Response(encode({"account": account}), media_type=JSON)


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
async def get_history(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read every event of an account's life in order, with what caused it."""
    account_id = reads.parse_id(id)
    limit, cursor = reads.page_of(call)
    await reads.find_account(call, account_id)
    async with call.edge.reader.bound(call.caller) as connection:
        try:
            page = await queries.get_history(connection, account_id, limit=limit, cursor=cursor)
        except BadCursor as error:
            raise invalid(str(error)) from error
    body = {"history": [history_json(entry) for entry in page.items], "next_cursor": page.next_cursor}
    return Response(encode(body), media_type=JSON)


@router.patch(
    "/{id}/retry-warmup",
    **documented(
        "retryAccountWarmup",
        "Retry the warmup of a stalled account",
        scope="accounts:write",
        success={200: AccountResponse, 202: AccountResponse},
        errors=(404, 413),
        codes={
            400: ("invalid_json", "unknown_field"),
            409: ("wrong_state",),
            500: ("enabled_not_recorded",),
            502: ("provider_unavailable",),
        },
        waits=True,
    ),
)
async def retry_warmup(call: Writer, id: Id) -> Response:  # noqa: A002  the name in the path
    """Try once more to enable a warmup that failed to start: `status` is `pending`, `warmup_status` `not_started`.

    In any other state it answers 409; `getEmailAccount` and `getEmailAccountHistory` show how far the warmup is.
    Safe to call until it succeeds: an address that warms already is moved on too. After a 502 the provider refused or
    did not answer and nothing changed; try again after a moment. A 500 with the code `enabled_not_recorded` and the
    message `Warmup was enabled but failed to update account status` may be repeated at once.

    Success moves the account to `warming` and no further: it is `active` and may send campaigns after 2 to 3 weeks.
    """
    account_id = reads.parse_id(id)
    await read_nothing(call.http)

    async def has_a_warmup() -> None:
        account = await reads.find_account(call, account_id)
        if account["status"] in _WITHOUT_WARMUP:
            state = {"status": account["status"], "warmup_status": account["warmup_status"]}
            message = (
                "Warmup can be retried only while the account is pending and its warmup has not started."
            )
            raise ApiError(409, "wrong_state", message, extras=state)

    data = WarmupRetryRequested(caller=call.caller)
    asked = await call.ask(RequestKind.WARMUP_RETRY, account_id, data, guard=has_a_warmup)
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, account_id))


async def _as_it_stands(call: Call, account_id: UUID) -> Response:
    account = await reads.find_account(call, account_id)
    return Response(encode({"account": account}), 202, {"Location": f"{PATH}/{account_id}"}, JSON)
