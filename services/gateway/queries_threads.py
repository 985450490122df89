"""What is read of threads: one, those with one participant, those that a list shows.

As in `queries.py`, every query names whose rows it wants, and row-level security says the same of the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.gateway.views_threads import Correspondence, ThreadPage, ThreadView
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.requests import Caller
from shared.contracts.threads import ThreadState
from shared.db.pool import Connection

LONGEST = 500
SHOWN = 20
"""How many threads with a participant are shown; the total counts all of them."""

_FROM = "from thread p left join thread_read r on r.thread_id = p.id"
_FIELDS = "p.id, p.state::text, p.version, greatest(p.received - coalesce(r.received, 0), 0) as unread"
_THERE = "p.created_at is not null and not p.is_deleted"
_OWN = "p.tenant_id = $1 and ($2::uuid is null or p.workspace_id = $2)"


@dataclass(frozen=True, slots=True)
class Matching:
    """Which threads are meant: SQL conditions on `p` and `r`, and the values they refer to, from `$3` on."""

    conditions: Sequence[str] = ()
    values: Sequence[Any] = ()


async def get_thread(connection: Connection, thread_id: UUID, *, caller: Caller) -> ThreadView | None:
    """Return a thread with its draft, or None if nothing is known of it, it was erased, or it is not the caller's."""
    rows = await connection.fetch(
        f"select {_FIELDS} {_FROM} where {_THERE} and {_OWN} and p.id = $3",
        caller.tenant_id,
        caller.workspace_id,
        thread_id,
    )
    return next(iter(await _views(connection, rows)), None)


async def list_threads(
    connection: Connection, matching: Matching, *, caller: Caller, limit: int, offset: int
) -> ThreadPage:
    """Return threads, the last active first, with how many match in all."""
    where = " and ".join((_THERE, _OWN, *matching.conditions))
    whose = (caller.tenant_id, caller.workspace_id, *matching.values)
    rows = await connection.fetch(
        f"""
        select {_FIELDS} {_FROM} where {where}
        order by p.active_at desc, p.id desc limit {limit:d} offset {offset:d}
        """,
        *whose,
    )
    total = await connection.fetchval(f"select count(*) {_FROM} where {where}", *whose)
    return ThreadPage(await _views(connection, rows), total)


async def threads_to_show(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, ThreadView]:
    """Return those of these threads that exist, whoever they belong to: for answers, not for callers."""
    rows = await connection.fetch(
        f"select {_FIELDS} {_FROM} where {_THERE} and p.id = any($1::uuid[])",
        list(ids),
    )
    return {view.thread.thread_id: view for view in await _views(connection, rows)}


async def correspondence_with(
    connection: Connection,
    participant: str | None,
    *,
    tenant_id: UUID,
    workspace_id: UUID | None,
    except_id: UUID | None = None,
) -> Correspondence:
    """Return the threads that a workspace has with a participant, drafts and archived ones included (S3-25, A28).

    They are shown without their drafts. Nobody corresponds with nobody.
    """
    if participant is None:
        return Correspondence()
    rows = await connection.fetch(
        f"""
        select {_FIELDS}, count(*) over () as total {_FROM}
        where {_THERE} and {_OWN} and p.participant_email = $3 and p.id is distinct from $4 and p.status <> 'warmup'
        order by p.active_at desc, p.id desc limit {SHOWN}
        """,  # noqa: S608  our own words
        tenant_id,
        workspace_id,
        participant,
        except_id,
    )
    total = rows[0]["total"] if rows else 0
    return Correspondence(total, [_view(row, _state(row), {}) for row in rows])


async def senders(connection: Connection, *, caller: Caller) -> list[tuple[UUID, str | None]]:
    """Return the accounts that the caller's threads are sent from, with their addresses."""
    rows = await connection.fetch(
        f"""
        select distinct p.account_id, a.address from thread p left join account a on a.id = p.account_id
        where {_THERE} and {_OWN} and p.account_id is not null order by a.address, p.account_id limit {LONGEST}
        """,  # noqa: S608  our own words
        caller.tenant_id,
        caller.workspace_id,
    )
    return [(row["account_id"], row["address"]) for row in rows]


async def _views(connection: Connection, rows: Sequence[Any]) -> list[ThreadView]:
    """Return threads with their drafts."""
    states = [_state(row) for row in rows]
    refs = [each.draft_ref for each in states if each.draft_ref is not None]
    drafts = await parts.get_many(connection, refs) if refs else {}
    return [_view(row, state, drafts) for row, state in zip(rows, states, strict=True)]


def _state(row: Any) -> ThreadState:
    return ThreadState.model_validate_json(row["state"])


def _view(row: Any, state: ThreadState, drafts: Mapping[UUID, MailContent]) -> ThreadView:
    draft = drafts.get(state.draft_ref) if state.draft_ref else None
    return ThreadView(state, row["version"], row["unread"], draft or MailContent())
