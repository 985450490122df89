"""Threads and messages that are not there yet, read from the requests that are to make them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway.queries_messages import messages_to_show
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation
from services.gateway.views_threads import MessageView, ThreadView
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.requests import Caller
from shared.contracts.threads import (
    Direction,
    MessageSendRequested,
    MessageState,
    MessageStatus,
    ThreadRequested,
    ThreadState,
    ThreadStatus,
)
from shared.db.pool import Connection


async def unborn_thread(connection: Connection, creation: Creation) -> ThreadView:
    """Return the draft that an open request is to make, as it was written."""
    asked = ThreadRequested.model_validate(creation.data)
    state = ThreadState(
        thread_id=creation.subject_id,
        tenant_id=asked.caller.tenant_id,
        workspace_id=asked.workspace_id,
        user_id=creation.user_id,
        status=ThreadStatus.DRAFT,
        created_at=creation.accepted_at,
        updated_at=creation.accepted_at,
        account_id=asked.account_id,
        participant_email=asked.participant_email,
        participant_name=asked.participant_name,
        draft_ref=asked.draft_ref,
    )
    draft = await parts.get(connection, asked.draft_ref) if asked.draft_ref else None
    return ThreadView(state, 0, 0, draft or MailContent())


async def unsent_message(
    connection: Connection, request_id: UUID, thread: ThreadState, *, caller: Caller
) -> MessageView | None:
    """Return the message that a request is to send, as it stands or was written; None if it is not the caller's."""
    row: Any = await connection.fetchrow(
        """
        select data, accepted_at from request
        where id = $1 and kind = $2 and tenant_id = $3 and ($4::uuid is null or workspace_id = $4)
        """,
        request_id,
        RequestKind.MESSAGE_SEND,
        caller.tenant_id,
        caller.workspace_id,
    )
    if row is None:
        return None
    asked = MessageSendRequested.model_validate(row["data"])
    known = await messages_to_show(connection, [asked.message_id])
    if asked.message_id in known:
        return known[asked.message_id]
    account_id = thread.account_id or asked.account_id
    state = MessageState(
        message_id=asked.message_id,
        thread_id=thread.thread_id,
        account_id=account_id or UUID(int=0),
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        content_ref=asked.content_ref,
        created_at=row["accepted_at"],
        updated_at=row["accepted_at"],
        from_email=await _address_of(connection, account_id),
        to_email=thread.participant_email or "",
        threading_mode=asked.threading_mode,
    )
    return MessageView(state, await parts.get(connection, asked.content_ref) or MailContent())


async def _address_of(connection: Connection, account_id: UUID | None) -> str:
    found = await connection.fetchval("select address from account where id = $1", account_id)
    return str(found or "")
