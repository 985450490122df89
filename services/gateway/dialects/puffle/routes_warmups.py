"""Puffle's warmup routes: what clients ask of an account's warmup, and how far all warmups are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_nothing, read_optional_json, shaped
from services.gateway.calls import Call
from services.gateway.dialects.puffle import analytics, reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.parameters import AccountReader, AccountWriter, Id
from services.gateway.dialects.puffle.render import ACCOUNTS
from services.gateway.dialects.puffle.responses import AccountResponse
from services.gateway.dialects.puffle.responses_warmups import WarmupAnalytics, WarmupResponse
from services.gateway.dialects.puffle.schemas import Reason
from services.gateway.dialects.puffle.subjects import ACCOUNT, answered, ask
from services.gateway.dialects.puffle.warmups import warmup_json
from services.gateway.errors import ApiError
from services.gateway.requests.model import RequestKind
from shared.contracts.requests import Caller, Request
from shared.contracts.warmups import (
    WarmupDisableRequested,
    WarmupPauseRequested,
    WarmupResumeRequested,
    WarmupRetryRequested,
)

router = APIRouter(prefix=ACCOUNTS, tags=["warmup"])

_WITHOUT_WARMUP = {"provisioning", "failed", "deleting"}
"""In these states there is no warmup to change, and its owner may never have heard of the account."""

WRONG_STATE: dict[RequestKind, str] = {
    RequestKind.WARMUP_RETRY: (
        "Warmup can be retried only while the account is pending and its warmup has not started."
    ),
    RequestKind.WARMUP_PAUSE: "Warmup can be paused only while the account is warming.",
    RequestKind.WARMUP_RESUME: "Warmup can be resumed only while it is paused.",
    RequestKind.WARMUP_DISABLE: "Warmup can be disabled only while the account is pending, warming or paused.",
}


@router.get(
    "/warmup-analytics",
    **documented(
        "getWarmupAnalytics",
        "Read how far the warmups are",
        scope="accounts:read",
        success={200: WarmupAnalytics},
    ),
)
async def get_warmup_analytics(call: AccountReader) -> Response:
    """Read the figures of every account that warms or has warmed up, as the provider last told them.

    `analytics` is keyed by account id; an account of which the provider has told nothing yet is left out.
    `is_stale` and `age_seconds` say how old its figures are.
    `transitions` names the accounts whose `status` or `warmup_status` changed since this API key last read them, with
    both as they are now; `{}` when nothing moved. Reading changes no account: graduation and bans are noticed by the
    service itself, every day, whether anybody reads or not.
    """
    return answered(await analytics.read(call))


@router.get(
    "/{id}/warmup",
    **documented(
        "getAccountWarmup",
        "Read why an account does not send yet",
        scope="accounts:read",
        success={200: WarmupResponse},
        errors=(400, 404),
    ),
)
async def get_warmup(call: AccountReader, account_id: Id) -> Response:
    """Read where an account's warmup is, how far it is from each goal of its policy, and what is done next and when.

    `sentence` says it in words. It answers from the moment the creation of the account was accepted; `state` is null
    until the warmup has begun. `confirmation` tells a start that the provider has only accepted from one that it shows.
    Figures that the provider does not tell any more stay, with their age, and `is_stale` says so.
    """
    view = await reads.find_account_view(call, account_id)
    return answered({"warmup": warmup_json(view, call.edge.clock.now(), call.edge.day_seconds)})


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
async def retry_warmup(call: AccountWriter, account_id: Id) -> Response:
    """Try once more to enable a warmup that failed to start: `status` is `pending`, `warmup_status` `not_started`.

    In any other state it answers 409; `getWarmupAnalytics` and `getEmailAccountHistory` show how far the warmup is.
    Safe to call until it succeeds: an address that warms already is moved on too. After a 502 the provider refused or
    did not answer and nothing changed; try again after a moment. A 500 with the code `enabled_not_recorded` and the
    message `Warmup was enabled but failed to update account status` may be repeated at once.

    Success moves the account to `warming` and no further: it is `active` and may send campaigns (`launchCampaign`)
    after 2 to 3 weeks, which `getWarmupAnalytics` lets you follow.
    """
    await read_nothing(call.http)
    data = WarmupRetryRequested(caller=call.caller)
    return await _ask(call, RequestKind.WARMUP_RETRY, account_id, data)


def _command(operation: str, summary: str, *, takes_reason: bool) -> dict[str, Any]:
    """Return the documentation of a route that changes a warmup."""
    return documented(
        operation,
        summary,
        scope="accounts:write",
        body=Reason if takes_reason else None,
        is_body_required=False,
        success={200: AccountResponse, 202: AccountResponse},
        errors=(404, 413),
        codes={
            400: ("invalid_json", "unknown_field"),
            409: ("wrong_state",),
            502: ("provider_unavailable",),
        },
        waits=True,
    )


@router.patch(
    "/{id}/pause-warmup",
    **_command("pauseAccountWarmup", "Pause the warmup of an account", takes_reason=True),
)
async def pause_warmup(call: AccountWriter, account_id: Id) -> Response:
    """Stop warming at the provider until `resumeAccountWarmup`; the account is `paused` and sends nothing.

    Only a `warming` account can be paused, any other answers 409. The provider is asked once: after a 502 the account
    is as it was.
    """
    return await _ask_with_reason(call, RequestKind.WARMUP_PAUSE, account_id, WarmupPauseRequested)


@router.patch(
    "/{id}/resume-warmup",
    **_command("resumeAccountWarmup", "Go on with the paused warmup of an account", takes_reason=False),
)
async def resume_warmup(call: AccountWriter, account_id: Id) -> Response:
    """Go on with a paused warmup; its days count on from where they stopped.

    Only a `paused` account can be resumed, any other answers 409. So does one that is held because its domain is not
    verified any more, or because the provider cannot use its mailbox: `hold` and `reason` say so, and it goes on by
    itself. The provider is asked once: after a 502 the account is as it was.
    """
    await read_nothing(call.http)
    data = WarmupResumeRequested(caller=call.caller)
    return await _ask(call, RequestKind.WARMUP_RESUME, account_id, data)


@router.patch(
    "/{id}/disable-warmup",
    **_command("disableAccountWarmup", "End the warmup of an account for good", takes_reason=True),
)
async def disable_warmup(call: AccountWriter, account_id: Id) -> Response:
    """End a warmup before it is complete, so that the account may send without it: `active` and `disabled`.

    There is no way back to warming. An account whose warmup is complete, banned, suspended or disabled already answers
    409. The provider is asked once: after a 502 the account is as it was.
    """
    return await _ask_with_reason(call, RequestKind.WARMUP_DISABLE, account_id, WarmupDisableRequested)


async def _ask_with_reason(
    call: Call,
    kind: RequestKind,
    account_id: UUID,
    asked: Callable[..., WarmupPauseRequested | WarmupDisableRequested],
) -> Response:
    body = await read_optional_json(call.http)
    caller: Caller = call.caller
    data = asked(caller=caller, reason=shaped(Reason, body).reason)
    return await _ask(call, kind, account_id, data, body=body or None)


async def _ask(
    call: Call, kind: RequestKind, account_id: UUID, data: Request, *, body: Any = None
) -> Response:
    async def has_a_warmup() -> None:
        account = await reads.find_account(call, account_id)
        if account["status"] in _WITHOUT_WARMUP:
            state = {name: account[name] for name in ("status", "warmup_status")}
            raise ApiError(409, "wrong_state", WRONG_STATE[kind], extras=state)

    return await ask(call, ACCOUNT, kind, account_id, data, body=body, guard=has_a_warmup)
