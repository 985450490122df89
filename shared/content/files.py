"""Which files there are: begun, stored, erased. The bytes lie in object storage; what became of them is said here.

A row comes before its bytes and goes after them, so that no bytes lie anywhere that nothing knows of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is whole, as an attachment names it; `size` in bytes."""

    path: str
    workspace_id: UUID
    thread_id: UUID
    name: str
    mime_type: str
    size: int


async def begin(
    connection: Connection, *, path: str, tenant_id: UUID, workspace_id: UUID, thread_id: UUID
) -> None:
    """Note that a file is about to be stored; commit it before the first byte is.

    What is never finished, or never attached to anything, is erased after a day.
    """
    await connection.execute(
        """
        insert into content.attachment (path, tenant_id, workspace_id, thread_id, due_at)
        values ($1, $2, $3, $4, now() + interval '1 day')
        """,
        path,
        tenant_id,
        workspace_id,
        thread_id,
    )


async def finish(connection: Connection, path: str, *, name: str, mime_type: str, size: int) -> bool:
    """Make a file findable, whose bytes are all stored; False if it was erased meanwhile."""
    done = await connection.execute(
        """
        update content.attachment set name = $2, mime_type = $3, size = $4, stored_at = now()
        where path = $1 and erased_at is null
        """,
        path,
        name,
        mime_type,
        size,
    )
    return done == "UPDATE 1"


async def give_up(connection: Connection, path: str) -> None:
    """Let a file be erased that will not be finished."""
    await connection.execute(
        "update content.attachment set erased_at = now(), due_at = now() where path = $1 and stored_at is null",
        path,
    )


async def find(connection: Connection, paths: Iterable[str]) -> dict[str, StoredFile]:
    """Return those of these files that are whole, not erased, and that the connection may see."""
    rows = await connection.fetch(
        """
        select path, workspace_id, thread_id, name, mime_type, size from content.attachment
        where path = any($1::text[]) and stored_at is not null and erased_at is null
        """,
        list(paths),
    )
    return {row["path"]: StoredFile(**row) for row in rows}


async def erase_thread(connection: Connection, thread_id: UUID) -> None:
    """Let the files of a thread be erased, at once nameless; its content must have been forgotten before.

    A file that another thread attached as well becomes that thread's.
    """
    await connection.execute(
        """
        update content.attachment a set thread_id = p.thread_id from content.part p
        where a.thread_id = $1 and p.thread_id is not null and p.thread_id <> $1
          and p.body -> 'attachments' @> jsonb_build_array(jsonb_build_object('path', a.path))
        """,
        thread_id,
    )
    await connection.execute(
        "update content.attachment set name = '', erased_at = now(), due_at = now() where thread_id = $1",
        thread_id,
    )
