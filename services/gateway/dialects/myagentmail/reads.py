"""Finding what a MyAgentMail call is about: in the projections, or, before it is there, in the request that is to make it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol, TypeVar
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.errors import not_found
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation, find_creation
from services.gateway.tenancy.workspaces import Workspace, get_workspace
from services.gateway.unborn import unborn_account, unborn_domain
from services.gateway.views import AccountView, DomainView, Page
from shared.contracts.requests import Caller
from shared.contracts.standing import Status
from shared.db.pool import Connection

_PAGE = 500
_UNLISTED = {Status.FAILED, Status.DELETING}
"""What is not there to be used is not in the list; by its id it is found until it is gone."""

Item = TypeVar("Item")


class _Query(Protocol[Item]):
    """One page of a list."""

    def __call__(
        self,
        connection: Connection,
        *,
        caller: Caller,
        limit: int,
        cursor: str | None,
        workspace_id: UUID | None,
    ) -> Awaitable[Page[Item]]: ...


async def find_inbox(call: Call, inbox_id: UUID) -> AccountView:
    """Return an inbox as it stands; one that only its request knows is at version 0 and has no address (A35).

    Raises:
        ApiError: Nothing knows it, or it is not the caller's (404).
    """
    if call.account_id not in {None, inbox_id}:
        raise not_found("inbox")
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, inbox_id, caller=call.caller)
        if view is not None:
            return view
        creation = await _creation(connection, call, RequestKind.ACCOUNT_CREATE, inbox_id)
        if creation is None:
            raise not_found("inbox")
        if creation.is_open or creation.code is not None:
            return _nameless(unborn_account(creation, None))
        # The name was one of an inbox that existed; that one was the answer.
        view = await queries.get_account(
            connection, creation.answer_subject_id or inbox_id, caller=call.caller
        )
        if view is None:
            raise not_found("inbox")
        return view


async def find_inbox_and_password(call: Call, inbox_id: UUID) -> tuple[AccountView, str | None]:
    """Return an inbox with the password of its mail clients, None while it has none (S2-29).

    Raises:
        ApiError: Nothing knows it, or it is not the caller's (404).
    """
    view = await find_inbox(call, inbox_id)
    async with call.edge.reader.bound(call.caller) as connection:
        return view, await call.edge.reader.secret_of(connection, call.caller, view.account)


async def list_inboxes(call: Call, workspace_id: UUID | None) -> list[AccountView]:
    """Return every inbox that the caller sees, of one workspace if asked, newest first."""
    views = await _all(call, queries.list_accounts, workspace_id)
    return [view for view in views if view.status not in _UNLISTED]


async def find_domain(call: Call, domain_id: UUID) -> DomainView:
    """Return a domain as it stands; one that only its request knows is at version 0.

    Raises:
        ApiError: Nothing knows it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, domain_id, caller=call.caller)
        if view is not None:
            return view
        creation = await _creation(connection, call, RequestKind.DOMAIN_CREATE, domain_id)
        if creation is None:
            raise not_found("domain")
        if creation.is_open or creation.code is not None:
            return unborn_domain(creation)
        view = await queries.get_domain(
            connection, creation.answer_subject_id or domain_id, caller=call.caller
        )
        if view is None:
            raise not_found("domain")
        return view


async def list_domains(call: Call) -> list[DomainView]:
    """Return every domain that the caller sees, newest first."""
    return await _all(call, queries.list_domains, None)


async def find_workspace(call: Call, connection: Connection, workspace_id: UUID) -> Workspace:
    """Return a workspace of the caller's tenant.

    Raises:
        ApiError: The tenant has none of this id (404).
    """
    caller = call.caller
    found = await get_workspace(connection, caller.tenant_id, workspace_id, caller.dialect)
    if found is None:
        raise not_found("workspace")
    return found


async def _all(call: Call, query: _Query[Item], workspace_id: UUID | None) -> list[Item]:
    """Return a whole list as of one instant; this dialect knows no pages."""
    items: list[Item] = []
    cursor: str | None = None
    async with call.edge.reader.bound(call.caller) as connection:
        while True:
            page = await query(
                connection, caller=call.caller, limit=_PAGE, cursor=cursor, workspace_id=workspace_id
            )
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                return items


def _nameless(view: AccountView) -> AccountView:
    """Return an inbox without the address asked for: which one it gets is not decided."""
    account = view.account.model_copy(update={"address": "", "username": ""})
    return replace(view, account=account)


async def _creation(
    connection: Connection, call: Call, kind: RequestKind, subject_id: UUID
) -> Creation | None:
    """Return the request that is to make this; not one that made it, because what it made is gone by now."""
    creation = await find_creation(connection, call.caller, kind, subject_id)
    if creation is None or creation.is_open or creation.code is not None:
        return creation
    return creation if creation.answer_subject_id not in {None, subject_id} else None
