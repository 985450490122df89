"""Finding what a MyAgentMail call is about: in the projections, or, before it is there, in the request that is to make it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.dialects.myagentmail.render import (
    MailServers,
    domain_json,
    failure_json,
    instant,
    read_inbox_json,
    servers_json,
)
from services.gateway.dialects.myagentmail.schemas import parse_uuid
from services.gateway.errors import forbidden, invalid, not_found
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation, find_creation
from services.gateway.views import AccountView, DomainView, Status
from shared.contracts.requests import Caller
from shared.db.pool import Connection

_PAGE = 500
_UNLISTED = {Status.FAILED, Status.DELETING}
"""What is not there to be used is not in the list; by its id it is found until it is gone."""


def parse_id(text: str, what: str) -> UUID:
    """Return the id in a path.

    Raises:
        ApiError: It is none, so there is no such thing (404).
    """
    found = parse_uuid(text)
    if found is None:
        raise not_found(what)
    return found


async def find_inbox(call: Call, inbox_id: UUID) -> AccountView | Creation:
    """Return an inbox, or the request that is to make it.

    Raises:
        ApiError: Nothing knows it, or it is not the caller's (404).
    """
    if call.account_id not in {None, inbox_id}:
        raise not_found("inbox")
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, inbox_id, dialect=call.caller.dialect)
        if view is not None:
            return view
        creation = await _creation(connection, call, RequestKind.ACCOUNT_CREATE, inbox_id)
        if creation is None:
            raise not_found("inbox")
        if creation.is_open or creation.code is not None:
            return creation
        # The name was one of an inbox that existed; that one was the answer.
        view = await queries.get_account(connection, creation.answer_subject_id or inbox_id)
        if view is None:
            raise not_found("inbox")
        return view


async def made_inbox(call: Call, inbox_id: UUID) -> AccountView:
    """Return an inbox that its owner knows.

    Raises:
        ApiError: It does not exist, does not exist yet, or is not the caller's (404).
    """
    found = await find_inbox(call, inbox_id)
    if isinstance(found, Creation) or found.account.account_id != inbox_id:
        raise not_found("inbox")
    return found


async def list_inboxes(call: Call, workspace_id: UUID | None) -> list[AccountView]:
    """Return every inbox that the caller sees, of one workspace if asked, newest first."""
    caller = _seeing(call.caller, workspace_id)
    views: list[AccountView] = []
    cursor: str | None = None
    async with call.edge.reader.bound(caller) as connection:
        while True:
            page = await queries.list_accounts(
                connection, dialect=caller.dialect, limit=_PAGE, cursor=cursor
            )
            views += [view for view in page.items if view.status not in _UNLISTED]
            cursor = page.next_cursor
            if cursor is None:
                return views


async def find_domain(call: Call, domain_id: UUID) -> dict[str, Any]:
    """Return a domain as it stands; one whose claim is still being made reads as `pending`.

    Raises:
        ApiError: Nothing knows it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, domain_id, dialect=call.caller.dialect)
        if view is not None:
            return domain_json(view)
        creation = await _creation(connection, call, RequestKind.DOMAIN_CREATE, domain_id)
        if creation is None:
            raise not_found("domain")
        if creation.is_open or creation.code is not None:
            return _unborn_domain(creation)
        view = await queries.get_domain(connection, creation.answer_subject_id or domain_id)
        if view is None:
            raise not_found("domain")
        return domain_json(view)


async def made_domain(call: Call, domain_id: UUID) -> DomainView:
    """Return a domain that its owner knows.

    Raises:
        ApiError: It does not exist, does not exist yet, or is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, domain_id, dialect=call.caller.dialect)
    if view is None:
        raise not_found("domain")
    return view


async def list_domains(call: Call) -> list[DomainView]:
    """Return every domain that the caller sees, newest first."""
    views: list[DomainView] = []
    cursor: str | None = None
    async with call.edge.reader.bound(call.caller) as connection:
        while True:
            page = await queries.list_domains(
                connection, dialect=call.caller.dialect, limit=_PAGE, cursor=cursor
            )
            views += page.items
            cursor = page.next_cursor
            if cursor is None:
                return views


async def workspace_asked(call: Call, text: str | None) -> UUID | None:
    """Return the workspace that a list is limited to, None for all that the key sees.

    Raises:
        ApiError: It is none of the tenant's (404), or another than the key's (403).
    """
    if text is None:
        return None
    found = parse_uuid(text)
    if found is None:
        raise invalid("The parameter workspace must be a UUID.", parameter="workspace")
    return await call.workspace_or_default(found)


def require_master(call: Call) -> None:
    """Check that the key is not one of a single inbox.

    Raises:
        ApiError: It is (403).
    """
    if call.account_id is not None:
        raise forbidden("of a master key")


def unborn_inbox(creation: Creation, servers: MailServers) -> dict[str, Any]:
    """Return an inbox of which only the request is known: being made, or refused."""
    data = creation.data
    username = data.get("username")
    email = f"{username}@{data['domain']}" if username else None
    return {
        "id": str(creation.subject_id),
        "email": email,
        "canonicalEmail": email,
        "username": username,
        "domain": data["domain"],
        "displayName": data.get("display_name"),
        "workspaceId": data["workspace_id"],
        "addresses": [{"address": email, "isPrimary": True}] if email else [],
        **servers_json(email, servers),
        "createdAt": instant(creation.accepted_at),
        "status": "provisioning" if creation.is_open else "failed",
        "metadata": {},
        "failure": failure_json(creation.code, creation.message or "") if creation.code else None,
    }


def inbox_as_read(found: AccountView | Creation, servers: MailServers) -> dict[str, Any]:
    """Return an inbox as it stands, without its password."""
    return unborn_inbox(found, servers) if isinstance(found, Creation) else read_inbox_json(found, servers)


async def _creation(
    connection: Connection, call: Call, kind: RequestKind, subject_id: UUID
) -> Creation | None:
    """Return the request that is to make this; not one that made it, because what it made is gone by now."""
    creation = await find_creation(connection, call.caller, kind, subject_id)
    if creation is None or creation.is_open or creation.code is not None:
        return creation
    return creation if creation.answer_subject_id not in {None, subject_id} else None


def _seeing(caller: Caller, workspace_id: UUID | None) -> Caller:
    return caller.model_copy(update={"workspace_id": workspace_id}) if workspace_id else caller


def _unborn_domain(creation: Creation) -> dict[str, Any]:
    return {
        "id": str(creation.subject_id),
        "domain": creation.data["domain"],
        "status": "pending" if creation.is_open else "failed",
        "workspaceId": creation.data["workspace_id"],
        "dnsRecords": [],
        "createdAt": instant(creation.accepted_at),
        "updatedAt": instant(creation.answered_at or creation.accepted_at),
    }
