"""What every request about a thread begins with: its thread, and the sender it names; and how it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from services.threads.domain.refusals import Refusal
from services.threads.domain.senders import Sender, is_behind
from services.threads.domain.thread import Thread
from services.threads.handlers import answers
from services.threads.senders import sender_of
from services.threads.store import Store
from shared.content import parts
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Request
from shared.contracts.threads import ThreadStatus
from shared.errors import NotYet
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause


async def thread_seen_by(store: Store, thread_id: UUID, data: Request) -> Thread | None:
    """Return a thread under lock; None where the caller's key shows none, or it was erased."""
    thread = await store.thread(thread_id)
    if thread is None or thread.status is ThreadStatus.ERASED:
        return None
    caller = data.caller
    is_seen = caller.tenant_id == thread.tenant_id and caller.workspace_id in {None, thread.workspace_id}
    return thread if is_seen else None


async def sender_as_seen(store: Store, account_id: UUID, seen: Mapping[str, int]) -> Sender | None:
    """Return what is known of a sender, at least as much as the gateway had seen; None for a stranger.

    Raises:
        NotYet: The gateway has seen more than has arrived here.
    """
    sender = await sender_of(store.connection, account_id)
    if is_behind(sender, seen):
        raise NotYet(f"The account {account_id} is not yet known as it was seen by whoever asked.")
    return sender


async def refuse(store: Store, request: Recorded, refusal: Refusal, *content: UUID | None) -> None:
    """Answer with a refusal and forget what was written for it."""
    await parts.forget(store.connection, [ref for ref in content if ref is not None])
    data = answers.refused(id_of(request), request.subject, refusal)
    await store.answer(Cause.of(request), data)


async def refuse_twice(store: Store, request: Recorded, existing: Thread, *content: UUID | None) -> None:
    """Answer that the sender has a thread with this recipient, and forget what was written for another (S3-27)."""
    await parts.forget(store.connection, [ref for ref in content if ref is not None])
    await store.answer(Cause.of(request), answers.exists(id_of(request), existing))
