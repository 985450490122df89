"""Messages that the provider never heard of and never will: they fail, and whoever asked is told."""

from __future__ import annotations

from uuid import UUID

from services.threads.domain.sending import Failed
from services.threads.handlers.conclude_message import conclude
from services.threads.store import Store
from shared.contracts.accounts import Failure
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def fail_untouched(
    store: Store, recorder: Recorder, account_id: UUID, failure: Failure, cause: Cause
) -> None:
    """Record of every such message of an account that it will not be sent."""
    for thread_id in await store.threads_with_untouched(account_id):
        thread = await store.thread(thread_id)
        for message in await store.messages(thread_id):
            if thread is not None and message.account_id == account_id and message.is_untouched:
                thread = await conclude(store, recorder, thread, message, Failed(failure), cause=cause)
