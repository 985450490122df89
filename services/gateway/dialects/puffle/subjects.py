"""What a Puffle call is about, and how a call about one of these is asked of its owner and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.render import ACCOUNTS, DOMAINS, GONE, REMOVALS
from services.gateway.dialects.wire import JSON, encode
from services.gateway.errors import ApiError
from services.gateway.requests.accept import Guard
from services.gateway.requests.model import RequestKind
from shared.content.parts import Part
from shared.contracts.requests import Request


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call is about: its name in bodies, where it is read, and how it is found."""

    name: str
    path: str
    find: Callable[[Call, UUID], Awaitable[dict[str, Any]]]


ACCOUNT = Subject("account", ACCOUNTS, reads.find_account)
DOMAIN = Subject("domain", DOMAINS, reads.find_domain)


def answered(body: Any, status: int = 200) -> Response:
    """Return a response with this body."""
    return Response(encode(body), status, media_type=JSON)


async def show(call: Call, subject: Subject, subject_id: UUID) -> Response:
    """Return it as it stands now.

    Raises:
        ApiError: It is not there, or not the caller's (404).
    """
    return answered({subject.name: await subject.find(call, subject_id)})


async def ask(
    call: Call,
    subject: Subject,
    kind: RequestKind,
    subject_id: UUID,
    data: Request,
    *,
    body: Any = None,
    guard: Guard | None = None,
    content: Callable[[], Part] | None = None,
) -> Response:
    """Ask the owner for something and return its answer, or how the subject stands when the wait is over (202).

    Raises:
        ApiError: What `guard` raises, or a misused Idempotency-Key (400, 422).
    """
    asked = await call.ask(kind, subject_id, data, body=body, guard=guard, content=content)
    otherwise = partial(_as_it_stands, call, subject, asked.subject_id, kind)
    return await call.respond(asked, otherwise=otherwise)


async def ask_of_existing(
    call: Call, subject: Subject, kind: RequestKind, subject_id: UUID, data: Request, *, body: Any = None
) -> Response:
    """Ask for something about what exists.

    Raises:
        ApiError: It does not exist, or is not the caller's (404), or a misused Idempotency-Key (400, 422).
    """

    async def exists() -> None:
        await subject.find(call, subject_id)

    return await ask(call, subject, kind, subject_id, data, body=body, guard=exists)


async def _as_it_stands(call: Call, subject: Subject, subject_id: UUID, kind: RequestKind) -> Response:
    try:
        response = await show(call, subject, subject_id)
    except ApiError as error:
        if error.status == 404 and kind in REMOVALS:
            return answered(GONE)
        raise
    response.status_code = 202
    response.headers["Location"] = f"{subject.path}/{subject_id}"
    return response
