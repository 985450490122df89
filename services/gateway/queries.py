"""What the routes read: accounts, domains and histories, through a connection bound to the caller's tenant."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.history import public_data, summary
from services.gateway.projection import AccountRow, account_view
from services.gateway.views import AccountView, DomainView, HistoryEntry, Page, Status
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DomainState
from shared.contracts.requests import Dialect
from shared.contracts.warmups import WarmupState
from shared.db.pool import Connection
from shared.errors import MailwrightError

_ACCOUNTS = """
    select a.id, a.tenant_id, a.workspace_id, a.account::text, a.account_version, a.warmup::text, a.warmup_version,
        d.state::text as domain
    from account a left join domain d on d.id = a.domain_id
    where a.created_at is not null
"""
_LIVE_ACCOUNTS = f"{_ACCOUNTS} and not a.is_deleted"
_DOMAINS = """
    select d.id, d.state::text, d.version from domain d where d.created_at is not null and d.status <> 'deleted'
"""


class BadCursor(MailwrightError):
    """A list was asked to go on from a place that this service did not hand out."""

    code = "invalid_request"


async def get_account(
    connection: Connection,
    account_id: UUID,
    *,
    dialect: Dialect | None = None,
    include_deleted: bool = False,
) -> AccountView | None:
    """Return an account, or None if nothing is known of it, it belongs to another dialect, or it is deleted."""
    row = await connection.fetchrow(
        f"{_ACCOUNTS} and a.id = $1 and ($2::text is null or a.dialect = $2) and ($3 or not a.is_deleted)",
        account_id,
        dialect,
        include_deleted,
    )
    return _account(row) if row else None


async def get_accounts(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, AccountView]:
    """Return those of these accounts that exist, whatever their dialect."""
    rows = await connection.fetch(f"{_LIVE_ACCOUNTS} and a.id = any($1::uuid[])", list(account_ids))
    return {row["id"]: _account(row) for row in rows}


async def list_accounts(
    connection: Connection,
    *,
    dialect: Dialect,
    limit: int,
    cursor: str | None = None,
    include_deleted: bool = False,
    hidden: Collection[Status] = (),
) -> Page[AccountView]:
    """Return accounts, newest first, at most `limit`, beyond `cursor`; those of a `hidden` status are left out.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    created_at, after = _place(cursor)
    rows = await connection.fetch(
        f"""
        {_ACCOUNTS if include_deleted else _LIVE_ACCOUNTS} and a.dialect = $1 and a.status <> all($5::text[])
            and ($2::timestamptz is null or (a.created_at, a.id) < ($2, $3))
        order by a.created_at desc, a.id desc limit $4
        """,
        dialect,
        created_at,
        after,
        limit + 1,
        list(hidden),
    )
    items = [_account(row) for row in rows]
    last = items[limit - 1].account if len(items) > limit else None
    return Page(items[:limit], _cursor(last.created_at, last.account_id) if last else None)


async def count_accounts(connection: Connection, domain_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many accounts are on each of these claims to domains; those that are going away do not count."""
    rows = await connection.fetch(
        """
        select domain_id, count(*) as accounts from account
        where domain_id = any($1::uuid[]) and created_at is not null and not is_deleted
            and status not in ('failed', 'deleting')
        group by domain_id
        """,
        list(domain_ids),
    )
    return {row["domain_id"]: row["accounts"] for row in rows}


async def accounts_with_warmup(
    connection: Connection, *, dialect: Dialect, after: UUID | None, limit: int
) -> list[AccountView]:
    """Return accounts whose warmup was heard of, in the order of their ids, at most `limit` beyond `after`."""
    rows = await connection.fetch(
        f"""
        {_LIVE_ACCOUNTS} and a.dialect = $1 and a.warmup_version > 0 and ($2::uuid is null or a.id > $2)
        order by a.id limit $3
        """,
        dialect,
        after,
        limit,
    )
    return [_account(row) for row in rows]


async def get_domain(
    connection: Connection, domain_id: UUID, *, dialect: Dialect | None = None
) -> DomainView | None:
    """Return a claim to a domain, or None if nothing is known of it or it belongs to another dialect."""
    row = await connection.fetchrow(
        f"{_DOMAINS} and d.id = $1 and ($2::text is null or d.dialect = $2)", domain_id, dialect
    )
    return _domain(row) if row else None


async def get_domains(connection: Connection, domain_ids: Iterable[UUID]) -> dict[UUID, DomainView]:
    """Return those of these claims to domains that exist, whatever their dialect."""
    rows = await connection.fetch(f"{_DOMAINS} and d.id = any($1::uuid[])", list(domain_ids))
    return {row["id"]: _domain(row) for row in rows}


async def list_domains(
    connection: Connection, *, dialect: Dialect, limit: int, cursor: str | None = None
) -> Page[DomainView]:
    """Return claims to domains, newest first, at most `limit`, beyond `cursor`.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    created_at, after = _place(cursor)
    rows = await connection.fetch(
        f"""
        {_DOMAINS} and d.dialect = $1 and ($2::timestamptz is null or (d.created_at, d.id) < ($2, $3))
        order by d.created_at desc, d.id desc limit $4
        """,
        dialect,
        created_at,
        after,
        limit + 1,
    )
    items = [_domain(row) for row in rows]
    last = items[limit - 1].domain if len(items) > limit else None
    return Page(items[:limit], _cursor(last.created_at, last.domain_id) if last else None)


async def get_history(
    connection: Connection, subject: UUID, *, limit: int = 1_000, cursor: str | None = None
) -> Page[HistoryEntry]:
    """Return the events in the life of an account or domain in order: no effect stands before its cause.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    at, after = _place(cursor)
    rows = await connection.fetch(
        """
        select event_id, event_time, type, source, sequence, causation_id, request_id, data from event
        where subject = $1 and ($2::timestamptz is null or (event_time, event_id) > ($2, $3))
        order by event_time, event_id limit $4
        """,
        subject,
        at,
        after,
        limit + 1,
    )
    items = [_entry(row) for row in rows[:limit]]
    return Page(items, _cursor(items[-1].at, items[-1].id) if len(rows) > limit else None)


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
