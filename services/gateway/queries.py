"""What the routes read: accounts, domains and histories of one caller, through a connection bound to the caller too.

Every query names whose rows it wants. Row-level security says the same of the connection, so that either is enough.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.gateway.history import public_data, summary
from services.gateway.projection import AccountRow, account_view
from services.gateway.views import AccountView, DomainView, HistoryEntry, Page, Status
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DomainState
from shared.contracts.requests import Caller
from shared.contracts.warmups import WarmupState
from shared.db.pool import Connection
from shared.errors import MailwrightError

PLATFORM = UUID(int=0)
"""The tenant of the domains that every tenant may use."""

_ALIVE = "not p.is_deleted"
_OWN = "p.tenant_id = $1 and ($2::uuid is null or p.workspace_id = $2) and p.dialect = $3"

View = TypeVar("View", AccountView, DomainView)


class BadCursor(MailwrightError):
    """A list was asked to go on from a place that this service did not hand out."""

    code = "invalid_request"


async def get_account(
    connection: Connection, account_id: UUID, *, caller: Caller, include_deleted: bool = False
) -> AccountView | None:
    """Return an account, or None if nothing is known of it, it is gone, or it is not the caller's in its dialect."""
    alive = "true" if include_deleted else _ALIVE
    return await _one(connection, _ACCOUNTS, f"p.id = $4 and {alive}", caller, account_id)


async def find_account(connection: Connection, address: str, *, caller: Caller) -> AccountView | None:
    """Return the caller's account of this address, the latest if there were several; None if there is none."""
    rest = f"p.address = $4 and {_ALIVE} order by p.created_at desc limit 1"
    return await _one(connection, _ACCOUNTS, rest, caller, address)


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
    return _domain(row) if row else None


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
    at, after = _place(cursor)
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
    items = [_entry(row) for row in rows[:limit]]
    return Page(items, _cursor(items[-1].at, items[-1].id) if len(rows) > limit else None)


async def accounts_to_show(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, AccountView]:
    """Return those of these accounts that exist, whoever they belong to: for answers, not for callers."""
    rows = await connection.fetch(
        f"{_ACCOUNTS.select} and {_ALIVE} and p.id = any($1::uuid[])", list(account_ids)
    )
    return {row["id"]: _account(row) for row in rows}


async def domains_to_show(connection: Connection, domain_ids: Iterable[UUID]) -> dict[UUID, DomainView]:
    """Return those of these claims to domains that exist, whoever they belong to: for answers, not for callers."""
    rows = await connection.fetch(
        f"{_DOMAINS.select} and {_ALIVE} and p.id = any($1::uuid[])", list(domain_ids)
    )
    return {row["id"]: _domain(row) for row in rows}


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
    created_at, after = _place(cursor)
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
    return Page(items[:limit], _cursor(state.created_at, own_id))


def _whose(caller: Caller) -> tuple[UUID, UUID | None, str]:
    return caller.tenant_id, caller.workspace_id, caller.dialect


def _account(row: Any) -> AccountView:
    view = account_view(
        account_row(row), DomainState.model_validate_json(row["domain"]) if row["domain"] else None
    )
    if view is None:
        raise LookupError(f"account {row['id']} is visible but has no state")
    return view


def account_row(row: Any) -> AccountRow:
    """Return the projection row that a selected record holds; its states are selected as text."""
    return AccountRow(
        id=row["id"],
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        account=AccountState.model_validate_json(row["account"]) if row["account"] else None,
        account_version=row["account_version"],
        warmup=WarmupState.model_validate_json(row["warmup"]) if row["warmup"] else None,
        warmup_version=row["warmup_version"],
    )


def _domain(row: Any) -> DomainView:
    return DomainView(DomainState.model_validate_json(row["state"]), row["version"])


_ACCOUNTS = _Projection(
    """
    select p.id, p.tenant_id, p.workspace_id, p.account::text, p.account_version, p.warmup::text, p.warmup_version,
        d.state::text as domain
    from account p left join domain d on d.id = p.domain_id where p.created_at is not null
    """,
    _account,
)
_DOMAINS = _Projection(
    "select p.id, p.state::text, p.version from domain p where p.created_at is not null", _domain
)


def _entry(row: Any) -> HistoryEntry:
    return HistoryEntry(
        id=row["event_id"],
        at=row["event_time"],
        type=row["type"],
        source=row["source"],
        version=row["sequence"],
        summary=summary(row["type"], row["data"]),
        cause=row["causation_id"],
        request_id=row["request_id"],
        data=public_data(row["data"]),
    )


def _cursor(at: datetime, last: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}/{last}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, _, last = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition("/")
        place = datetime.fromisoformat(at)
        if place.tzinfo is None:
            raise ValueError("a place in a list has a zone")
        return place, UUID(last)
    except (ValueError, binascii.Error) as error:
        raise BadCursor("The cursor is not one that a list handed out.") from error
