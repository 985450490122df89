"""The content store: pieces of mail content by reference, written in the transaction that commits the reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared.content import files
from shared.content.model import MailContent
from shared.db.pool import Connection

Kind = Literal["draft", "message", "report"]
"""What a piece is: a draft, a message, or what a provider reported word for word."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece about to be kept; `thread_id` is the thread with which it is erased."""

    id: UUID
    tenant_id: UUID
    workspace_id: UUID | None
    thread_id: UUID | None
    kind: Kind
    body: MailContent


async def put_many(connection: Connection, parts: Sequence[Part]) -> None:
    """Keep pieces under new references, all in one statement."""
    if not parts:
        return
    await connection.execute(
        """
        insert into content.part (id, tenant_id, workspace_id, thread_id, kind, body)
        select id, tenant_id, workspace_id, thread_id, kind, body::jsonb
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
            as p (id, tenant_id, workspace_id, thread_id, kind, body)
        """,
        [each.id for each in parts],
        [each.tenant_id for each in parts],
        [each.workspace_id for each in parts],
        [each.thread_id for each in parts],
        [each.kind for each in parts],
        [each.body.model_dump_json() for each in parts],
    )


async def put(
    connection: Connection,
    *,
    id: UUID,  # noqa: A002  the reference's own name
    tenant_id: UUID,
    workspace_id: UUID | None,
    kind: Kind,
    body: MailContent | dict[str, Any],
    thread_id: UUID | None = None,
) -> None:
    """Keep a piece under a new reference; `thread_id` is the thread with which it is erased."""
    text = body.model_dump_json() if isinstance(body, MailContent) else json.dumps(body)
    await connection.execute(
        """
        insert into content.part (id, tenant_id, workspace_id, thread_id, kind, body)
        values ($1, $2, $3, $4, $5, $6::text::jsonb)
        """,
        id,
        tenant_id,
        workspace_id,
        thread_id,
        kind,
        text,
    )


async def get(connection: Connection, id: UUID) -> MailContent | None:  # noqa: A002  the reference's own name
    """Return a draft or a message; None when it was erased."""
    return (await get_many(connection, [id])).get(id)


async def get_many(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, MailContent]:
    """Return those of these drafts and messages that exist and that the connection may see."""
    rows = await connection.fetch(
        "select id, body::text from content.part where id = any($1::uuid[]) and kind <> 'report'", list(ids)
    )
    return {row["id"]: MailContent.model_validate_json(row["body"]) for row in rows}


async def get_report(connection: Connection, id: UUID) -> dict[str, Any] | None:  # noqa: A002  the reference's own name
    """Return what a provider reported; None when it was worked off and erased."""
    text = await connection.fetchval(
        "select body::text from content.part where id = $1 and kind = 'report'", id
    )
    return None if text is None else json.loads(text)


async def forget(connection: Connection, ids: Iterable[UUID]) -> None:
    """Erase pieces that nothing refers to any more."""
    await connection.execute("delete from content.part where id = any($1::uuid[])", list(ids))


async def forget_thread(connection: Connection, thread_id: UUID) -> None:
    """Erase everything that was written in a thread; the bytes of its files go soon after."""
    await connection.execute("delete from content.part where thread_id = $1", thread_id)
    await files.erase_thread(connection, thread_id)
