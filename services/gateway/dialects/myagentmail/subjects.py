"""How a MyAgentMail call about an inbox or a domain is asked of its owner, and answered when the wait is over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.answers import REMOVALS
from services.gateway.dialects.myagentmail.errors import SENTENCES
from services.gateway.dialects.myagentmail.render import DOMAINS, INBOXES, domain_json, read_inbox_json
from services.gateway.dialects.wire import JSON, encode
from services.gateway.errors import ApiError
from services.gateway.requests.accept import Guard
from services.gateway.requests.model import RequestKind, StoredResponse
from services.gateway.views import AccountView
from shared.contracts.requests import Request
from shared.contracts.standing import Status


def answered(body: Any, status: int = 200, place: str | None = None) -> Response:
    """Return a response with this body."""
    return Response(encode(body), status, {"Location": place} if place else None, JSON)


def decided(
    body: Any, status: int = 200, *, place: str | None = None, is_secret: bool = False
) -> StoredResponse:
    """Return the response to what the gateway decides by itself."""
    headers = {"Content-Type": JSON, **({"Location": place} if place else {})}
    return StoredResponse(status, headers, encode(body), is_secret=is_secret)


async def ask(
    call: Call,
    kind: RequestKind,
    subject_id: UUID,
    data: Request,
    *,
    workspace_id: UUID,
    body: Any = None,
    guard: Guard | None = None,
) -> Response:
    """Ask the owner for something and return its answer, or how the subject stands when the wait is over (202).

    Raises:
        ApiError: What `guard` raises, or a misused Idempotency-Key (400, 422).
    """
    asked = await call.ask(kind, subject_id, data, body=body, guard=guard, workspace_id=workspace_id)
    return await call.respond(asked, otherwise=partial(_as_it_stands, call, asked.subject_id, kind))


async def ask_of_inbox(
    call: Call,
    kind: RequestKind,
    inbox_id: UUID,
    data: Request,
    *,
    body: Any = None,
    require: Callable[[AccountView], None] | None = None,
) -> Response:
    """Ask for something about an inbox that exists; a repeated call is answered even when it is gone meanwhile.

    Raises:
        ApiError: It is not there, or not the caller's (404), or not made yet (409), or from `require`, or a misused
            Idempotency-Key.
    """
    try:
        view = await reads.find_inbox(call, inbox_id)
    except ApiError as error:
        return await ask(
            call, kind, inbox_id, data, workspace_id=call.workspace_id, body=body, guard=_raising(error)
        )
    guard = partial(_require_inbox, view, kind, require)
    account = view.account
    return await ask(
        call, kind, account.account_id, data, workspace_id=account.workspace_id, body=body, guard=guard
    )


async def ask_of_domain(call: Call, kind: RequestKind, domain_id: UUID, data: Request) -> Response:
    """Ask for something about a domain that exists; a repeated call is answered even when it is gone meanwhile.

    Raises:
        ApiError: It is not there, or not the caller's (404), or a misused Idempotency-Key.
    """
    try:
        view = await reads.find_domain(call, domain_id)
    except ApiError as error:
        return await ask(call, kind, domain_id, data, workspace_id=call.workspace_id, guard=_raising(error))
    domain = view.domain
    return await ask(call, kind, domain.domain_id, data, workspace_id=domain.workspace_id)


def _raising(error: ApiError) -> Guard:
    async def refuse() -> None:
        raise error

    return refuse


async def _require_inbox(
    view: AccountView, kind: RequestKind, require: Callable[[AccountView], None] | None
) -> None:
    if view.account_version == 0 and view.status is Status.FAILED:
        raise ApiError(404, "not_found", "There is no such inbox: it could not be made.")
    if view.account_version == 0 and kind is not RequestKind.ACCOUNT_DELETE:
        raise ApiError(409, "account_not_active", SENTENCES["account_not_active"])
    if require is not None:
        require(view)


async def _as_it_stands(call: Call, subject_id: UUID, kind: RequestKind) -> Response:
    is_domain = kind.value.startswith("domain.")
    try:
        if is_domain:
            body = domain_json(await reads.find_domain(call, subject_id))
        else:
            body = read_inbox_json(await reads.find_inbox(call, subject_id), call.edge.mail_servers)
    except ApiError as error:
        if error.status == 404 and kind in REMOVALS:
            return answered({"deleted": True, "id": str(subject_id)})
        raise
    return answered(body, 202, f"{DOMAINS if is_domain else INBOXES}/{subject_id}")
