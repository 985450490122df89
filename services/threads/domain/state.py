"""What others may see of a thread and of a message."""

from __future__ import annotations

from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from shared.contracts.accounts import Failure
from shared.contracts.threads import MessageState, ThreadState


def thread_state(thread: Thread) -> ThreadState:
    """Return the public state of a thread."""
    return ThreadState(
        thread_id=thread.id,
        tenant_id=thread.tenant_id,
        workspace_id=thread.workspace_id,
        user_id=thread.user_id,
        channel=thread.channel,
        status=thread.status,
        created_at=thread.created_at,
        updated_at=thread.updated_at,
        account_id=thread.account_id,
        participant_email=thread.participant_email,
        participant_name=thread.participant_name,
        draft_ref=thread.draft_ref,
        sent=thread.sent,
        received=thread.received,
        last_direction=thread.last_direction,
        last_message_at=thread.last_message_at,
        last_inbound_at=thread.last_inbound_at,
        is_bounced=thread.is_bounced,
    )


def message_state(message: Message) -> MessageState:
    """Return the public state of a message."""
    failure = None
    if message.failure_code is not None:
        failure = Failure(code=message.failure_code, message=message.failure_message or "")
    return MessageState(
        message_id=message.id,
        thread_id=message.thread_id,
        account_id=message.account_id,
        direction=message.direction,
        status=message.status,
        content_ref=message.content_ref,
        created_at=message.created_at,
        updated_at=message.updated_at,
        from_email=message.from_email,
        to_email=message.to_email,
        sent_at=message.sent_at,
        threading_mode=message.threading_mode,
        provider_message_id=message.provider_message_id,
        in_reply_to=message.in_reply_to,
        failure=failure,
    )
