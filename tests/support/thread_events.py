"""Events of threads as the gateway receives them: facts about a thread, its messages and suppressions, and answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contracts.answers import Outcome, ThreadRequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.threads import (
    AddressSuppressed,
    Direction,
    MessageBounced,
    MessageFact,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
    MessageState,
    MessageStatus,
    SuppressionLifted,
    SuppressionState,
    ThreadChanged,
    ThreadDrafted,
    ThreadErased,
    ThreadFact,
    ThreadState,
    ThreadStatus,
)
from tests.support.gateway_events import START, TENANT, WORKSPACE, recorded

SUPPRESSION = UUID(int=0x5)
_TOLD_BY: dict[MessageStatus, type[MessageFact]] = {
    MessageStatus.QUEUED: MessageQueued,
    MessageStatus.SENT: MessageSent,
    MessageStatus.FAILED: MessageFailed,
    MessageStatus.BOUNCED: MessageBounced,
    MessageStatus.RECEIVED: MessageReceived,
}


def thread_state(thread_id: UUID, status: ThreadStatus = ThreadStatus.DRAFT, **changes: Any) -> ThreadState:
    return ThreadState(
        **{
            "thread_id": thread_id,
            "tenant_id": TENANT,
            "workspace_id": WORKSPACE,
            "user_id": UUID(int=0xC),
            "status": status,
            "participant_email": "founder@example.com",
            "created_at": START,
            "updated_at": START,
            **changes,
        }
    )


def thread_fact(
    thread_id: UUID, version: int, status: ThreadStatus = ThreadStatus.DRAFT, **changes: Any
) -> Recorded:
    """Version `version` of a thread; its state tells the version by the time of its last change."""
    kind: type[ThreadFact] = ThreadDrafted if version == 1 else ThreadChanged
    if status is ThreadStatus.ERASED:
        kind = ThreadErased
    state = thread_state(thread_id, status, **{"updated_at": START + timedelta(seconds=version), **changes})
    owner = {"tenant_id": state.tenant_id, "workspace_id": state.workspace_id}
    return recorded(kind(thread=state), thread_id, version, **owner)


def message_state(
    message_id: UUID, thread_id: UUID, status: MessageStatus = MessageStatus.SENT, **changes: Any
) -> MessageState:
    inbound = status is MessageStatus.RECEIVED
    return MessageState(
        **{
            "message_id": message_id,
            "thread_id": thread_id,
            "account_id": UUID(int=0xACC),
            "direction": Direction.INBOUND if inbound else Direction.OUTBOUND,
            "status": status,
            "content_ref": UUID(int=message_id.int + (1 << 64)),
            "created_at": START,
            "updated_at": START,
            "from_email": "founder@example.com" if inbound else "ada@example.com",
            "to_email": "ada@example.com" if inbound else "founder@example.com",
            **changes,
        }
    )


def message_fact(thread: ThreadState, version: int, message: MessageState) -> Recorded:
    """Version `version` of a thread, which a message led to."""
    data = _TOLD_BY[message.status](thread=thread, message=message)
    owner = {"tenant_id": thread.tenant_id, "workspace_id": thread.workspace_id}
    return recorded(data, thread.thread_id, version, **owner)


def suppression_fact(
    address: str, version: int, *, is_lifted: bool = False, suppression_id: UUID = SUPPRESSION
) -> Recorded:
    state = SuppressionState(
        suppression_id=suppression_id,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        address=address,
        reason="bounced",
        suppressed_at=START,
        lifted_at=START + timedelta(seconds=version) if is_lifted else None,
    )
    kind = SuppressionLifted if is_lifted else AddressSuppressed
    return recorded(kind(suppression=state), suppression_id, version)


def thread_answer(request_id: UUID, subject: UUID, needs: dict[str, int], **changes: Any) -> Recorded:
    data = ThreadRequestAnswered(
        **{
            "request_id": request_id,
            "outcome": Outcome.DONE,
            "subject_id": subject,
            "needs": needs,
            **changes,
        }
    )
    return recorded(data, subject, request_id=request_id)
