"""A client changes a thread: who it is between, what its draft says, whether it is archived."""

from __future__ import annotations

from dataclasses import replace

from services.threads.domain import refusals
from services.threads.domain.mail import merged
from services.threads.domain.refusals import Refusal
from services.threads.domain.senders import why_not
from services.threads.domain.thread import Thread, changed
from services.threads.handlers import answers
from services.threads.handlers.facts import tell
from services.threads.handlers.requests import refuse, refuse_twice, sender_as_seen, thread_seen_by
from services.threads.store import Store
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ThreadChanged, ThreadChangeRequested, ThreadStatus
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def change_thread(
    store: Store, recorder: Recorder, request: Recorded, data: ThreadChangeRequested
) -> None:
    """Make the change, or say why not; one that changes nothing is done and tells nothing.

    Raises:
        NotYet: The sender that is chosen is not yet known here as the gateway saw it.
        Poison: The record names no request.
    """
    request_id, cause = id_of(request), Cause.of(request)
    if not await store.begin(request):
        return
    thread = await thread_seen_by(store, request.subject, data)
    refusal = await _why_not(store, thread, data)
    if thread is None or refusal is not None:
        await refuse(store, request, refusal or refusals.THREAD_NOT_FOUND, data.draft_ref)
        return
    after = changed(thread, data.changes, data.changed)
    old, draft = await _drafts(store, thread, data)
    if draft != old:
        after = replace(after, draft_ref=recorder.ids.new() if draft else None)
    if after == thread:
        await parts.forget(store.connection, [data.draft_ref] if data.draft_ref else [])
        await store.answer(cause, answers.done(request_id, thread))
        return
    told, fact = tell(recorder, thread, after, ThreadChanged, cause=cause, request_id=request_id)
    if not await store.save_thread(thread, told):
        existing = await store.in_the_way_of(told)
        await refuse_twice(store, request, existing, data.draft_ref)
        return
    await _keep_draft(store, thread, told, draft, data)
    await store.record(fact)
    await store.answer(cause, answers.done(request_id, told))


async def _why_not(store: Store, thread: Thread | None, data: ThreadChangeRequested) -> Refusal | None:
    if thread is None:
        return refusals.THREAD_NOT_FOUND
    if thread.status is ThreadStatus.WARMUP:
        return refusals.thread_not_editable(thread.status)
    chosen = data.changes.account_id if "account_id" in data.changed else None
    if chosen is None or chosen == thread.account_id:
        return None
    sender = await sender_as_seen(store, chosen, data.seen)
    return why_not(sender, thread.tenant_id, thread.workspace_id)


async def _drafts(
    store: Store, thread: Thread, data: ThreadChangeRequested
) -> tuple[MailContent | None, MailContent | None]:
    """Return the draft as it is and as it is to be."""
    refs = [ref for ref in (thread.draft_ref, data.draft_ref) if ref is not None]
    found = await parts.get_many(store.connection, refs)
    old = found.get(thread.draft_ref) if thread.draft_ref else None
    new = found.get(data.draft_ref) if data.draft_ref else None
    return old, merged(old, new or MailContent(), data.draft_changed)


async def _keep_draft(
    store: Store, thread: Thread, told: Thread, draft: MailContent | None, data: ThreadChangeRequested
) -> None:
    used = [data.draft_ref]
    if told.draft_ref != thread.draft_ref:
        used.append(thread.draft_ref)
        if told.draft_ref is not None and draft is not None:
            await parts.put(
                store.connection,
                id=told.draft_ref,
                tenant_id=thread.tenant_id,
                workspace_id=thread.workspace_id,
                thread_id=thread.id,
                kind="draft",
                body=draft,
            )
    await parts.forget(store.connection, [ref for ref in used if ref is not None])
