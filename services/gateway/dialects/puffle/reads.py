"""Finding what a Puffle call is about: in the projections, or, before it is there, in the request that is to make it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

from services.gateway import queries
from services.gateway.calls import Call
from services.gateway.dialects.puffle.parameters import a_number
from services.gateway.dialects.puffle.render import account_json, domain_json, history_json
from services.gateway.errors import invalid, not_found
from services.gateway.paging import BadCursor
from services.gateway.queries_messages import Sends, sends_of
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation, find_creation
from services.gateway.unborn import unborn_account, unborn_domain
from services.gateway.views import AccountView, Page
from shared.db.pool import Connection

LONGEST_PAGE = 500
WHOLE_LIST = 10_000
"""How many items a list shows that was asked for without a page size, as the reference documents it."""

Item = TypeVar("Item")
Json = dict[str, Any]


class _Query(Protocol[Item]):
    """One page of a list."""

    def __call__(
        self, connection: Connection, *, limit: int, cursor: str | None
    ) -> Awaitable[Page[Item]]: ...


async def find_account(call: Call, account_id: UUID) -> Json:
    """Return an account as every route shows it.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    return account_json(await find_account_view(call, account_id))


async def find_account_view(call: Call, account_id: UUID) -> AccountView:
    """Return an account as it stands; one that is still being reserved reads as `provisioning`.

    Raises:
        ApiError: As `find_account`.
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, account_id, caller=call.caller)
        if view is not None:
            return view
        creation = await _creation(connection, call, RequestKind.ACCOUNT_CREATE, account_id)
        if creation is None:
            raise not_found("account")
        domain = await queries.get_domain(
            connection, UUID(creation.data["domain_id"]), caller=call.caller, or_platform=True
        )
        return unborn_account(creation, domain)


async def sends_today(call: Call, account_id: UUID) -> Sends:
    """Return what left an account on this day of UTC, by which its limit is counted, and what is about to."""
    start = call.edge.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with call.edge.reader.bound(call.caller) as connection:
        return await sends_of(
            connection, account_id, caller=call.caller, since=start, until=start + timedelta(days=1)
        )


async def find_domain(call: Call, domain_id: UUID) -> Json:
    """Return a domain as it stands; one whose claim is still being made reads as `pending`.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, domain_id, caller=call.caller)
        if view is None:
            creation = await _creation(connection, call, RequestKind.DOMAIN_CREATE, domain_id)
            if creation is None:
                raise not_found("domain")
            if creation.is_open or creation.code is not None:
                return domain_json(unborn_domain(creation))
            # The workspace had claimed this name already; that claim was the answer.
            view = await queries.get_domain(
                connection, creation.answer_subject_id or domain_id, caller=call.caller
            )
            if view is None:
                raise not_found("domain")
        return domain_json(view)


async def list_accounts(call: Call) -> Json:
    """Return accounts, newest first: all of them, or the page asked for (S0-56).

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    query = partial(queries.list_accounts, caller=call.caller)
    return await _listed(call, "accounts", query, account_json)


async def list_domains(call: Call) -> Json:
    """Return domains, newest first: all of them, or the page asked for.

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    query = partial(queries.list_domains, caller=call.caller)
    return await _listed(call, "domains", query, domain_json)


async def list_history(call: Call, account_id: UUID) -> Json:
    """Return the events of an account's life, oldest first: all of them, or the page asked for.

    Raises:
        ApiError: The page asked for makes no sense (400), or the account is not the caller's (404).
    """
    await find_account(call, account_id)
    return await _listed(
        call, "history", partial(queries.get_history, subject=account_id, caller=call.caller), history_json
    )


async def _listed(call: Call, name: str, query: _Query[Item], shown: Callable[[Item], Json]) -> Json:
    """Return a list as of one instant; read in pages, so that a long one does not keep other calls waiting."""
    wanted = a_number(call, "limit", usual=WHOLE_LIST, most=LONGEST_PAGE)
    cursor = call.http.query_params.get("cursor")
    items: list[Json] = []
    async with call.edge.reader.bound(call.caller) as connection:
        while True:
            size = min(wanted - len(items), LONGEST_PAGE)
            try:
                page = await query(connection, limit=size, cursor=cursor)
            except BadCursor as error:
                raise invalid(str(error)) from error
            items += map(shown, page.items)
            cursor = page.next_cursor
            if cursor is None or len(items) >= wanted:
                return {name: items, "next_cursor": cursor}


async def _creation(
    connection: Connection, call: Call, kind: RequestKind, subject_id: UUID
) -> Creation | None:
    """Return the request that is to make this; not one that made it, because what it made is gone by now."""
    creation = await find_creation(connection, call.caller, kind, subject_id)
    if creation is None or creation.code == "account_deleted":
        return None
    if creation.is_open or creation.code is not None:
        return creation
    return creation if creation.answer_subject_id not in {None, subject_id} else None
