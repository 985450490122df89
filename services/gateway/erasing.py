"""What the gateway itself forgets of a thread that was erased: answers that show it, and what was read of it."""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.envelope import Recorded
from shared.contracts.threads import ThreadErased
from shared.db.pool import Connection


async def forget_erased(connection: Connection, events: Iterable[Recorded]) -> None:
    """Erase the stored answers about the threads that these events say are erased, and free their Idempotency-Keys."""
    erased = [event.subject for event in events if isinstance(event.data, ThreadErased)]
    if not erased:
        return
    await connection.execute(
        """
        update request set idempotency_key = null, headers = null, body = null
        where (subject_id = any($1::uuid[]) or (kind = 'thread.create' and answer_subject_id = any($1::uuid[])))
            and state = 'answered' and body is not null
        """,
        erased,
    )
    await connection.execute("delete from thread_read where thread_id = any($1::uuid[])", erased)
