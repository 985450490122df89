"""A client wants a thread gone: everything that was written in it goes, and only an empty row stays."""

from __future__ import annotations

from services.threads.domain import refusals
from services.threads.domain.sending import ERASED, Failed
from services.threads.domain.thread import erased
from services.threads.handlers import answers
from services.threads.handlers.conclude_message import conclude
from services.threads.handlers.facts import tell
from services.threads.handlers.requests import refuse, thread_seen_by
from services.threads.store import Store
from shared.content import parts
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageStatus, ThreadErased, ThreadErasureRequested
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def erase_thread(
    store: Store, recorder: Recorder, request: Recorded, data: ThreadErasureRequested
) -> None:
    """Erase the thread, unless a message of it is in the provider's hands at this moment.

    Messages that wait fail first. What keeps mail from coming in twice stays, without a name or a word.

    Raises:
        Poison: The record names no request.
    """
    request_id, cause = id_of(request), Cause.of(request)
    if not await store.begin(request):
        return
    thread = await thread_seen_by(store, request.subject, data)
    if thread is None:
        await refuse(store, request, refusals.THREAD_NOT_FOUND)
        return
    messages = await store.messages(thread.id)
    waiting = [each for each in messages if each.status is MessageStatus.QUEUED]
    if not all(each.is_untouched for each in waiting):
        await refuse(store, request, refusals.MESSAGE_UNDER_WAY)
        return
    for message in waiting:
        thread = await conclude(store, recorder, thread, message, Failed(ERASED), cause=cause)
    told, fact = tell(recorder, thread, erased(thread), ThreadErased, cause=cause, request_id=request_id)
    await store.save_thread(thread, told)
    written = [each.content_ref for each in messages]
    await parts.forget(store.connection, [*written, *([thread.draft_ref] if thread.draft_ref else [])])
    await parts.forget_thread(store.connection, thread.id)
    await store.record(fact)
    await store.answer(cause, answers.done(request_id, told))
    await store.forget_people(thread.id)
