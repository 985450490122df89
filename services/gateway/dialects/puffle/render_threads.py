"""How Puffle shows threads, messages and suppressed addresses: every field always there, null when it is not set (A29)."""

from __future__ import annotations

from typing import Any

from services.gateway.dialects.puffle.render import failure_json
from services.gateway.dialects.wire import instant
from services.gateway.views_threads import Correspondence, MessageView, ThreadView
from shared.content.model import Attachment
from shared.contracts.threads import SuppressionState

Json = dict[str, Any]

THREADS = "/api/threads"
SUPPRESSIONS = "/api/suppressions"


def thread_json(view: ThreadView) -> Json:
    """Return a thread as every Puffle route shows it, with its draft (S3-22, A30)."""
    draft = view.draft
    return {
        **thread_summary_json(view),
        "draft_subject": draft.subject,
        "draft_body_text": draft.text,
        "draft_body_html": draft.html,
        "draft_cc": draft.cc,
        "draft_bcc": draft.bcc,
        "draft_attachments": [attachment_json(each) for each in draft.attachments],
    }


def thread_summary_json(view: ThreadView) -> Json:
    """Return a thread among the others with its participant: without anything that was written in it (A28)."""
    thread = view.thread
    return {
        "id": str(thread.thread_id),
        "user_id": str(thread.user_id),
        "channel": thread.channel.value,
        "status": thread.status.value,
        "inbox_state": view.inbox_state.value,
        "account_id": str(thread.account_id) if thread.account_id else None,
        "campaign_id": None,
        "participant_email": thread.participant_email,
        "participant_name": thread.participant_name,
        "sent_count": thread.sent,
        "received_count": thread.received,
        "unread_count": view.unread,
        "bounced": thread.is_bounced,
        "last_message_at": instant(thread.last_message_at),
        "last_message_direction": thread.last_direction.value if thread.last_direction else None,
        "last_inbound_at": instant(thread.last_inbound_at),
        "created_at": instant(thread.created_at),
        "updated_at": instant(thread.updated_at),
    }


def correspondence_json(correspondence: Correspondence) -> Json:
    """Return the threads with one participant (S3-25)."""
    return {
        "exists": correspondence.total > 0,
        "total": correspondence.total,
        "threads": [thread_summary_json(each) for each in correspondence.threads],
    }


def message_json(view: MessageView) -> Json:
    """Return a message; the thread's id has both names that clients know it by (A30)."""
    message, content = view.message, view.content
    return {
        "id": str(message.message_id),
        "conversation_id": str(message.thread_id),
        "thread_id": str(message.thread_id),
        "account_id": str(message.account_id),
        "direction": message.direction.value,
        "status": message.status.value,
        "from_email": message.from_email,
        "to_email": message.to_email,
        "subject": content.subject,
        "body_text": content.text,
        "body_html": content.html,
        "cc": content.cc,
        "bcc": content.bcc,
        "attachments": [attachment_json(each) for each in content.attachments],
        "threading_mode": message.threading_mode.value if message.threading_mode else None,
        "message_id": message.provider_message_id,
        "in_reply_to": message.in_reply_to,
        "failure": failure_json(message.failure),
        "sent_at": instant(message.sent_at),
        "created_at": instant(message.created_at),
        "updated_at": instant(message.updated_at),
    }


def attachment_json(attachment: Attachment) -> Json:
    """Return what is known of a file, as a draft or a message takes it again (S3-19)."""
    return attachment.model_dump()


def suppression_json(suppression: SuppressionState) -> Json:
    """Return an address that the workspace sends no mail to, and why."""
    return {
        "address": suppression.address,
        "reason": suppression.reason,
        "message_id": str(suppression.message_id) if suppression.message_id else None,
        "suppressed_at": instant(suppression.suppressed_at),
    }
