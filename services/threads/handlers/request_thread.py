"""A client drafts a thread: the sender is checked, and there is one thread per sender and recipient."""

from __future__ import annotations

from services.threads.domain.senders import why_not
from services.threads.domain.thread import drafted
from services.threads.handlers import answers
from services.threads.handlers.facts import tell
from services.threads.handlers.requests import refuse, refuse_twice, sender_as_seen
from services.threads.store import Store
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ThreadDrafted, ThreadRequested
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def request_thread(store: Store, recorder: Recorder, request: Recorded, data: ThreadRequested) -> None:
    """Keep the draft, or say why not (S3-13…S3-16, S3-27…S3-36).

    Raises:
        NotYet: The sender is not yet known here as the gateway saw it, or the thread in the way has just gone.
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await store.begin(request):
        return
    thread = drafted(request, data, recorder.clock.now())
    if thread.account_id is not None:
        sender = await sender_as_seen(store, thread.account_id, data.seen)
        refusal = why_not(sender, thread.tenant_id, thread.workspace_id)
        if refusal is not None:
            await refuse(store, request, refusal, data.draft_ref)
            return
    told, fact = tell(recorder, thread, thread, ThreadDrafted, cause=Cause.of(request), request_id=request_id)
    if await store.add_thread(told):
        await store.record(fact)
        await store.answer(Cause.of(request), answers.done(request_id, told))
        return
    existing = await store.in_the_way_of(told)
    await refuse_twice(store, request, existing, data.draft_ref)
