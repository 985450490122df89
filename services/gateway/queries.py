"""What the routes read: accounts, domains and histories of one caller, through a connection bound to the caller too.

Every query names whose rows it wants. Row-level security says the same of the connection, so that either is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.gateway.paging import cursor_of, place_of
from services.gateway.selected import account_of, domain_of, entry_of
from services.gateway.views import AccountView, DomainView, HistoryEntry, Page
from shared.contracts.requests import Caller
from shared.contracts.standing import Status
from shared.db.pool import Connection

PLATFORM = UUID(int=0)
"""The tenant of the domains that every tenant may use."""

_ALIVE = "not p.is_deleted"
_OWN = "p.tenant_id = $1 and ($2::uuid is null or p.workspace_id = $2) and p.dialect = $3"

View = TypeVar("View", AccountView, DomainView)


async def get_account(
    connection: Connection, account_id: UUID, *, caller: Caller, include_deleted: bool = False
) -> AccountView | None:
    """Return an account, or None if nothing is known of it, it is gone, or it is not the caller's in its dialect."""
    alive = "true" if include_deleted else _ALIVE
    return await _one(connection, _ACCOUNTS, f"p.id = $4 and {alive}", caller, account_id)


async def list_accounts(
    connection: Connection,
    *,
    caller: Caller,
    limit: int,
    cursor: str | None = None,
    workspace_id: UUID | None = None,
    include_deleted: bool = False,
    hidden: Collection[Status] = (),
) -> Page[AccountView]:
    """Return accounts, newest first, at most `limit`, beyond `cursor`; those of one workspace if it is given.

    Those of a `hidden` status are left out, and deleted ones unless they are asked for.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    shown = f"({'true' if include_deleted else _ALIVE}) and p.status <> all($8::text[])"
    return await _page(connection, _ACCOUNTS, shown, caller, limit, cursor, workspace_id, list(hidden))


async def accounts_with_warmup(
    connection: Connection, *, caller: Caller, after: UUID | None, limit: int
) -> list[AccountView]:
    """Return accounts whose warmup was heard of, in the order of their ids, at most `limit` beyond `after`."""
    rest = f"{_ALIVE} and p.warmup_version > 0 and ($4::uuid is null or p.id > $4) order by p.id limit $5"
    return await _all(connection, _ACCOUNTS, rest, caller, after, limit)


async def count_accounts(
    connection: Connection, domain_ids: Iterable[UUID], *, caller: Caller
) -> dict[UUID, int]:
    """Return how many accounts the caller has on each of these domains; those that are going away do not count."""
    rows = await connection.fetch(
        f"""
        select p.domain_id, count(*) as accounts from account p
        where p.created_at is not null and {_OWN} and {_ALIVE} and p.domain_id = any($4::uuid[])
            and p.status not in ('failed', 'deleting')
        group by 1
        """,  # noqa: S608  only our own words are interpolated
        *_whose(caller),
        list(domain_ids),
    )
    return {row["domain_id"]: row["accounts"] for row in rows}


async def get_domain(
    connection: Connection, domain_id: UUID, *, caller: Caller, or_platform: bool = False
) -> DomainView | None:
    """Return a claim to a domain, or None if nothing is known of it, it is gone, or it is not the caller's.

    With `or_platform` a domain of the platform, which is everybody's to use, is found too.
    """
    found = await _one(connection, _DOMAINS, f"p.id = $4 and {_ALIVE}", caller, domain_id)
    if found is not None or not or_platform:
        return found
    row = await connection.fetchrow(
        f"{_DOMAINS.select} and p.tenant_id = $1 and p.id = $2", PLATFORM, domain_id
    )
    return domain_of(row) if row else None


async def list_domains(
    connection: Connection,
    *,
    caller: Caller,
    limit: int,
    cursor: str | None = None,
    workspace_id: UUID | None = None,
) -> Page[DomainView]:
    """Return claims to domains, newest first, at most `limit`, beyond `cursor`; those of one workspace if it is given.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    return await _page(connection, _DOMAINS, _ALIVE, caller, limit, cursor, workspace_id)


async def get_history(
    connection: Connection, subject: UUID, *, caller: Caller, limit: int = 1_000, cursor: str | None = None
) -> Page[HistoryEntry]:
    """Return the events in the life of an account or domain in order: no effect stands before its cause.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    at, after = place_of(cursor)
    rows = await connection.fetch(
        """
        select event_id, event_time, type, source, sequence, causation_id, request_id, data from event
        where tenant_id = $1 and ($2::uuid is null or workspace_id = $2) and subject = $3
            and ($4::timestamptz is null or (event_time, event_id) > ($4, $5))
        order by event_time, event_id limit $6
        """,
        caller.tenant_id,
        caller.workspace_id,
        subject,
        at,
        after,
        limit + 1,
    )
    items = [entry_of(row) for row in rows[:limit]]
    return Page(items, cursor_of(items[-1].at, items[-1].id) if len(rows) > limit else None)


async def accounts_to_show(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, AccountView]:
    """Return those of these accounts that exist, whoever they belong to: for answers, not for callers."""
    found = await _any(connection, _ACCOUNTS, account_ids)
    return {view.account.account_id: view for view in found}


async def domains_to_show(connection: Connection, domain_ids: Iterable[UUID]) -> dict[UUID, DomainView]:
    """Return those of these claims to domains that exist, whoever they belong to: for answers, not for callers."""
    found = await _any(connection, _DOMAINS, domain_ids)
    return {view.domain.domain_id: view for view in found}


@dataclass(frozen=True, slots=True)
class _Projection(Generic[View]):
    """How one kind of row is selected, up to the conditions, and what a reader sees of it."""

    select: str
    view: Callable[[Any], View]


async def _all(
    connection: Connection, projection: _Projection[View], rest: str, caller: Caller, *arguments: Any
) -> list[View]:
    rows = await connection.fetch(f"{projection.select} and {_OWN} and {rest}", *_whose(caller), *arguments)
    return [projection.view(row) for row in rows]


async def _one(
    connection: Connection, projection: _Projection[View], rest: str, caller: Caller, *arguments: Any
) -> View | None:
    return next(iter(await _all(connection, projection, rest, caller, *arguments)), None)


async def _any(connection: Connection, projection: _Projection[View], ids: Iterable[UUID]) -> list[View]:
    rows = await connection.fetch(f"{projection.select} and {_ALIVE} and p.id = any($1::uuid[])", list(ids))
    return [projection.view(row) for row in rows]


async def _page(
    connection: Connection,
    projection: _Projection[View],
    rest: str,
    caller: Caller,
    limit: int,
    cursor: str | None,
    workspace_id: UUID | None,
    *arguments: Any,
) -> Page[View]:
    created_at, after = place_of(cursor)
    rest = f"""
        {rest} and ($4::uuid is null or p.workspace_id = $4)
        and ($5::timestamptz is null or (p.created_at, p.id) < ($5, $6))
        order by p.created_at desc, p.id desc limit $7
    """
    items = await _all(
        connection, projection, rest, caller, workspace_id, created_at, after, limit + 1, *arguments
    )
    if len(items) <= limit:
        return Page(items, None)
    last = items[limit - 1]
    state = last.account if isinstance(last, AccountView) else last.domain
    own_id = last.account.account_id if isinstance(last, AccountView) else last.domain.domain_id
    return Page(items[:limit], cursor_of(state.created_at, own_id))


def _whose(caller: Caller) -> tuple[UUID, UUID | None, str]:
    return caller.tenant_id, caller.workspace_id, caller.dialect


_ACCOUNTS = _Projection(
    """
    select p.id, p.tenant_id, p.workspace_id, p.account::text, p.account_version, p.warmup::text, p.warmup_version,
        d.state::text as domain
    from account p left join domain d on d.id = p.domain_id where p.created_at is not null
    """,
    account_of,
)
_DOMAINS = _Projection(
    "select p.id, p.state::text, p.version from domain p where p.created_at is not null", domain_of
)
