"""Finding what a Puffle call is about: in the projections, or, before it is there, in the request that is to make it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.dialects.puffle.render import account_json, domain_json, instant
from services.gateway.dialects.puffle.schemas import is_id
from services.gateway.errors import invalid, not_found
from services.gateway.queries import BadCursor
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation, find_creation
from services.gateway.views import DomainView
from shared.db.pool import Connection

DEFAULT_PAGE = 100
LONGEST_PAGE = 500


def parse_id(text: str) -> UUID:
    """Return the id in a path (S1-4).

    Raises:
        ApiError: It is not written as an id (400).
    """
    if not is_id(text):
        raise invalid("The id in the path must be a UUID.")
    return UUID(text)


def page_of(call: Call) -> tuple[int, str | None]:
    """Return the size of the page asked for, and the place it begins at.

    Raises:
        ApiError: The size is not a number from 1 to 500 (400).
    """
    text = call.http.query_params.get("limit", str(DEFAULT_PAGE))
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise invalid(f"The parameter limit must be a number from 1 to {LONGEST_PAGE}.")
    return limit, call.http.query_params.get("cursor")


async def find_account(call: Call, account_id: UUID) -> dict[str, Any]:
    """Return an account as it stands; one that is still being reserved reads as `provisioning`.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, account_id, dialect=call.caller.dialect)
        if view is not None:
            return account_json(view)
        creation = await _creation(connection, call, RequestKind.ACCOUNT_CREATE, account_id)
        if creation is None:
            raise not_found("account")
        domain = await queries.get_domain(connection, UUID(creation.data["domain_id"]))
        return _unborn_account(creation, domain)


async def list_accounts(call: Call) -> dict[str, Any]:
    """Return a page of accounts, newest first.

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    limit, cursor = page_of(call)
    async with call.edge.reader.bound(call.caller) as connection:
        try:
            page = await queries.list_accounts(
                connection, dialect=call.caller.dialect, limit=limit, cursor=cursor
            )
        except BadCursor as error:
            raise invalid(str(error)) from error
    return {"accounts": [account_json(view) for view in page.items], "next_cursor": page.next_cursor}


async def find_domain(call: Call, domain_id: UUID) -> dict[str, Any]:
    """Return a domain as it stands; one whose claim is still being made reads as `pending`.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, domain_id, dialect=call.caller.dialect)
        if view is None:
            creation = await _creation(connection, call, RequestKind.DOMAIN_CREATE, domain_id)
            if creation is None:
                raise not_found("domain")
            if creation.is_open or creation.code is not None:
                return _unborn_domain(creation)
            # The workspace had claimed this name already; that claim was the answer.
            view = await queries.get_domain(connection, creation.answer_subject_id or domain_id)
            if view is None:
                raise not_found("domain")
        return domain_json(view)


async def list_domains(call: Call) -> dict[str, Any]:
    """Return a page of domains, newest first.

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    limit, cursor = page_of(call)
    async with call.edge.reader.bound(call.caller) as connection:
        try:
            page = await queries.list_domains(
                connection, dialect=call.caller.dialect, limit=limit, cursor=cursor
            )
        except BadCursor as error:
            raise invalid(str(error)) from error
    return {"domains": [domain_json(view) for view in page.items], "next_cursor": page.next_cursor}


async def _creation(
    connection: Connection, call: Call, kind: RequestKind, subject_id: UUID
) -> Creation | None:
    """Return the request that is to make this; not one that made it, because what it made is gone by now."""
    creation = await find_creation(connection, call.caller, kind, subject_id)
    if creation is None or creation.is_open or creation.code is not None:
        return creation
    return creation if creation.answer_subject_id not in {None, subject_id} else None


def _unborn_account(creation: Creation, domain: DomainView | None) -> dict[str, Any]:
    data = creation.data
    name = domain.domain.domain if domain else None
    return {
        "id": str(creation.subject_id),
        "user_id": str(creation.user_id),
        "type": "email",
        "domain_id": data["domain_id"],
        "email_address": f"{data['username']}@{name}" if name else None,
        "agentmail_inbox_id": None,
        "instantly_account_id": None,
        "status": "provisioning" if creation.is_open else "failed",
        "warmup_status": "not_started",
        "display_name": data.get("display_name"),
        "first_name": data.get("first_name"),
        "last_name": data.get("last_name"),
        "signature": None,
        "instantly_tag_id": None,
        "instantly_warmup_tag_id": None,
        "daily_limit": 30,
        "created_at": instant(creation.accepted_at),
        "updated_at": instant(creation.answered_at or creation.accepted_at),
        "failure": _failure(creation),
        "email_domains": {
            "id": data["domain_id"],
            "domain": name,
            "status": domain.domain.status.value if domain else None,
        },
    }


def _unborn_domain(creation: Creation) -> dict[str, Any]:
    return {
        "id": str(creation.subject_id),
        "user_id": str(creation.user_id),
        "domain": creation.data["domain"],
        "agentmail_domain_id": None,
        "status": "pending" if creation.is_open else "failed",
        "dns_records": [],
        "verified_at": None,
        "created_at": instant(creation.accepted_at),
        "updated_at": instant(creation.answered_at or creation.accepted_at),
        "failure": _failure(creation),
    }


def _failure(creation: Creation) -> dict[str, str] | None:
    return {"code": creation.code, "message": creation.message or ""} if creation.code else None
