"""Messages that the provider never heard of and never will: they fail, and whoever asked is told."""

from __future__ import annotations

from uuid import UUID

from services.threads import limits
from services.threads.causes import request_for
from services.threads.domain import message as messages
from services.threads.domain.message import Message
from services.threads.domain.thread import Thread, not_sent
from services.threads.handlers import answers
from services.threads.handlers.facts import tell_message
from services.threads.store import Store
from shared.contracts.accounts import Failure
from shared.contracts.threads import MessageFailed
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def fail_untouched(
    store: Store, recorder: Recorder, thread: Thread, message: Message, failure: Failure, cause: Cause
) -> Thread:
    """Record that a message of a locked thread will not be sent; return the thread as it is then."""
    after, ended, fact = tell_message(
        recorder,
        thread,
        not_sent(thread),
        message,
        messages.failed(message, failure),
        MessageFailed,
        cause=cause,
        request_id=message.request_id,
    )
    await store.save_thread(thread, after)
    await store.save_message(message, ended)
    if message.day is not None:
        await limits.give_back(store.connection, message.account_id, message.day)
    await store.record(fact)
    await _answer(store, after, message, failure)
    return after


async def _answer(store: Store, thread: Thread, message: Message, failure: Failure) -> None:
    request, request_id = request_for(message), message.request_id
    if request is not None and request_id is not None:
        details = {"message_id": str(message.id)}
        await store.answer(request, answers.failed(request_id, thread, failure, details))


async def fail_all_of(
    store: Store, recorder: Recorder, account_id: UUID, failure: Failure, cause: Cause
) -> None:
    """Do it for every such message of an account."""
    for thread_id in await store.threads_with_untouched(account_id):
        thread = await store.thread(thread_id)
        for message in await store.messages(thread_id):
            if thread is not None and message.account_id == account_id and message.is_untouched:
                thread = await fail_untouched(store, recorder, thread, message, failure, cause)
