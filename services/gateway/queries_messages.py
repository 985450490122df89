"""What is read of messages: those of one thread, one, and how many an account sends; and of suppressed addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.views_threads import MessagePage, MessageView
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.requests import Caller
from shared.contracts.threads import MessageState, SuppressionState
from shared.db.pool import Connection

_THERE = "p.version > 0"
_OWN = "p.tenant_id = $1 and ($2::uuid is null or p.workspace_id = $2)"
_ONE_THREAD = f"select p.state::text from message p where {_THERE} and {_OWN} and p.thread_id = $3"  # noqa: S608  our own words
_IN_FORCE = f"p.suppressed_at is not null and not p.is_deleted and {_OWN}"


async def list_messages(
    connection: Connection, thread_id: UUID, *, caller: Caller, limit: int, offset: int
) -> MessagePage:
    """Return a thread's messages, oldest first, with how many there are in all."""
    whose = (caller.tenant_id, caller.workspace_id, thread_id)
    rows = await connection.fetch(
        f"{_ONE_THREAD} order by p.placed_at, p.id limit {limit:d} offset {offset:d}", *whose
    )
    total = await connection.fetchval(f"select count(*) from ({_ONE_THREAD}) as found", *whose)  # noqa: S608  our own words
    return MessagePage(await _with_content(connection, rows), total)


async def last_messages(
    connection: Connection, thread_id: UUID, *, caller: Caller, limit: int
) -> list[MessageView]:
    """Return the latest of a thread's messages, oldest first."""
    rows = await connection.fetch(
        f"{_ONE_THREAD} order by p.placed_at desc, p.id desc limit {limit:d}",
        caller.tenant_id,
        caller.workspace_id,
        thread_id,
    )
    return await _with_content(connection, rows[::-1])


async def messages_to_show(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, MessageView]:
    """Return those of these messages that are known, for whoever may see their threads."""
    rows = await connection.fetch(
        f"select p.state::text from message p where {_THERE} and p.id = any($1::uuid[])",  # noqa: S608  our own words
        list(ids),
    )
    return {view.message.message_id: view for view in await _with_content(connection, rows)}


@dataclass(frozen=True, slots=True)
class Sends:
    """What an account sends: messages that left in a span of time, and those that wait to leave."""

    sent: int
    queued: int


async def sends_of(
    connection: Connection, account_id: UUID, *, caller: Caller, since: datetime, until: datetime
) -> Sends:
    """Return what left an account from one instant on and before another, and what waits to leave it now."""
    row = await connection.fetchrow(
        f"""
        select count(*) filter (where p.status in ('sent', 'unknown', 'bounced', 'complained')
                and p.placed_at >= $4 and p.placed_at < $5) as sent,
            count(*) filter (where p.status = 'queued') as queued
        from message p where {_OWN} and p.account_id = $3 and p.direction = 'outbound'
        """,  # noqa: S608  our own words
        caller.tenant_id,
        caller.workspace_id,
        account_id,
        since,
        until,
    )
    return Sends(**row) if row else Sends(0, 0)


async def list_suppressions(
    connection: Connection, *, caller: Caller, limit: int, offset: int
) -> tuple[list[SuppressionState], int]:
    """Return the addresses that the caller's workspace sends no mail to, the latest first, and how many there are."""
    whose = (caller.tenant_id, caller.workspace_id)
    rows = await connection.fetch(
        f"""
        select p.state::text from suppression p where {_IN_FORCE}
        order by p.suppressed_at desc, p.id desc limit {limit:d} offset {offset:d}
        """,  # noqa: S608  our own words, and two numbers
        *whose,
    )
    total = await connection.fetchval(f"select count(*) from suppression p where {_IN_FORCE}", *whose)  # noqa: S608  our own words
    return [SuppressionState.model_validate_json(row["state"]) for row in rows], total


async def get_suppression(connection: Connection, address: str, *, caller: Caller) -> SuppressionState | None:
    """Return why the caller's workspace sends no mail to an address; None if it does."""
    state = await connection.fetchval(
        f"select p.state::text from suppression p where {_IN_FORCE} and p.address = $3",  # noqa: S608  our own words
        caller.tenant_id,
        caller.workspace_id,
        address,
    )
    return SuppressionState.model_validate_json(state) if state else None


async def _with_content(connection: Connection, rows: Iterable[Any]) -> list[MessageView]:
    states = [MessageState.model_validate_json(row["state"]) for row in rows]
    contents = await parts.get_many(connection, [each.content_ref for each in states]) if states else {}
    return [MessageView(each, contents.get(each.content_ref, MailContent())) for each in states]
