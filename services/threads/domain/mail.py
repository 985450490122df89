"""What a message says and whom it reaches: the draft taken over, its recipients, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import getaddresses
from uuid import UUID

from services.threads.domain import refusals
from services.threads.domain.message import Message
from services.threads.domain.refusals import Refusal
from shared.content.model import MailContent
from shared.contracts.threads import Direction, MessageStatus, ThreadingMode

LEFT = frozenset({MessageStatus.SENT, MessageStatus.BOUNCED, MessageStatus.COMPLAINED})


def merged(draft: MailContent | None, changes: MailContent, names: Sequence[str]) -> MailContent | None:
    """Return a draft with the named parts replaced; None if nothing is left of it."""
    values = {name: getattr(changes, name) for name in names}
    after = (draft or MailContent()).model_copy(update=values)
    return None if after == MailContent() else after


def taken_over(content: MailContent, draft: MailContent | None) -> MailContent:
    """Return what is sent: what the request leaves open is the draft's.

    The draft's HTML is the same text in another dress, so it goes only with the draft's own text.
    """
    if draft is None:
        return content
    has_same_text = draft.text is not None and content.text == draft.text
    return MailContent(
        subject=content.subject if content.subject is not None else draft.subject,
        text=content.text,
        html=draft.html if content.html is None and has_same_text else content.html,
        cc=content.cc if content.cc is not None else draft.cc,
        bcc=content.bcc if content.bcc is not None else draft.bcc,
        attachments=content.attachments or draft.attachments,
    )


def recipients(participant_email: str, content: MailContent) -> list[str]:
    """Return every address a message goes to."""
    copies = [lists for lists in (content.cc, content.bcc) if lists]
    return [participant_email, *(address for _, address in getaddresses(copies) if address)]


def answered(
    messages: Sequence[Message], account_id: UUID, mode: ThreadingMode | None
) -> Message | Refusal | None:
    """Return the message that the next one replies to; None if it is to be a new mail.

    A reply goes to the latest mail that arrived, else to the last one that left; without a wish of the client's only mail
    that arrived is replied to. Only what is in the sender's own inbox can be.
    """
    if mode is ThreadingMode.NEW_THREAD:
        return None
    there = [each for each in messages if each.account_id == account_id and each.provider_message_id]
    arrived = [each for each in there if each.direction is Direction.INBOUND]
    left = [each for each in there if each.status in LEFT]
    if arrived:
        return max(arrived, key=_when)
    if mode is None:
        return None
    return max(left, key=_when) if left else refusals.NOTHING_TO_REPLY_TO


def with_subject_of(content: MailContent, answered: MailContent | None) -> MailContent:
    """Return a reply under the subject of what it answers, as far as that is known, whatever the client gave."""
    if answered is None or answered.subject is None:
        return content
    return content.model_copy(update={"subject": _re(answered.subject)})


def _re(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _when(message: Message) -> tuple[datetime, UUID]:
    return message.sent_at or message.created_at, message.id
