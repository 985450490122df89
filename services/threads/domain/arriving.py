"""What mail that arrives says and whose it is: who wrote it, what it answers, whether it is warmup's, what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from typing import Literal
from uuid import UUID

from services.threads.domain.message import Message
from services.threads.domain.senders import GONE
from services.threads.domain.thread import Thread
from services.threads.ports import Mail, MailFile
from shared.content.clean import one_line, storable
from shared.content.model import Attachment, MailContent
from shared.contracts.accounts import AccountState
from shared.contracts.requests import Dialect
from shared.contracts.threads import Direction, MessageStatus, ThreadStatus
from shared.contracts.warmup_mail import bears

OUT_OF_SIGHT = frozenset({"spam", "blocked", "unauthenticated", "trash"})
"""The provider's labels of mail that nobody is shown."""
AT_PROVIDER = "agentmail"
"""The bucket of an attachment that still lies with the mail it came with."""
_MOST_REFERENCES = 50
_MOST_CHARACTERS = 998
"""Of a name, a subject or an id: a longer line is none in mail."""
_ID = re.compile(r"<[^<>\s]+>")
_BRACKETED = re.compile(r"(.*)<([^<>]*)>")
_ADDRESS = re.compile(r"[^@\s<>\"(),:;]+@[^@\s<>\"(),:;]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a mail; the address is in lower case."""

    address: str
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Mishap:
    """What befell a message that had left; `recipients` are those it happened with, as far as they are told."""

    kind: Literal["bounced", "complained", "rejected"]
    inbox_id: str
    message_id: str
    recipients: tuple[str, ...] = ()
    is_passing: bool = False
    """Whether the same mail might get there another time: a mailbox that is full, a server that is down."""


def receives_threads(account: AccountState) -> bool:
    """Return whether mail to an account becomes threads; other dialects' mail is left at the provider."""
    return account.dialect is Dialect.PUFFLE and account.status not in GONE


def writer_of(mail: Mail) -> Person | None:
    """Return who wrote a mail; None if it does not say so in a way anybody could answer."""
    text = one_line(mail.sender)[: 2 * _MOST_CHARACTERS]
    # What stands in brackets at the end is the address, whatever the name before it looks like.
    bracketed = _BRACKETED.fullmatch(text)
    name, address = (bracketed[1].strip(' "'), bracketed[2].strip()) if bracketed else parseaddr(text)
    if len(address.encode()) > _MOST_CHARACTERS or _ADDRESS.fullmatch(address) is None:
        return None
    return Person(address.lower(), _line(name) or None)


def bare(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return addresses without names, in lower case; what is none is left out."""
    found = (parseaddr(one_line(each))[1].lower() for each in addresses)
    return tuple(dict.fromkeys(each for each in found if _ADDRESS.fullmatch(each)))


def references_of(mail: Mail) -> tuple[str, ...]:
    """Return the Message-IDs that a mail answers, the nearest first."""
    headers = {name.lower(): value for name, value in (mail.headers or {}).items() if isinstance(value, str)}
    nearest = _ids(mail.in_reply_to or headers.get("in-reply-to", ""))
    chain = _ids(" ".join(mail.references) or headers.get("references", ""))
    ids = dict.fromkeys(each for each in [*nearest, *reversed(chain)] if len(each) <= _MOST_CHARACTERS)
    return tuple(ids)[:_MOST_REFERENCES]


def own_ids(references: Iterable[str]) -> tuple[UUID, ...]:
    """Return the messages that Message-IDs of our own making name; those are `<message id@domain>`."""
    found = []
    for reference in references:
        try:
            found.append(UUID(reference.strip("<>").partition("@")[0]))
        except ValueError:
            continue
    return tuple(found)


def is_warmup(mail: Mail, tag: str) -> bool:
    """Return whether warmup exchanged a mail: its tag stands in the subject, the text or a header (S3-31)."""
    headers = [value for value in (mail.headers or {}).values() if isinstance(value, str)]
    return bears(tag, [mail.subject, mail.text, mail.html, *headers])


def begun(
    thread_id: UUID, account: AccountState, writer: Person, *, is_warmup: bool, now: datetime
) -> Thread:
    """Return the thread that begins with a mail from somebody without one; it has no event yet."""
    return Thread(
        id=thread_id,
        tenant_id=account.tenant_id,
        workspace_id=account.workspace_id,
        user_id=account.user_id,
        status=ThreadStatus.WARMUP if is_warmup else ThreadStatus.ACTIVE,
        account_id=account.account_id,
        participant_email=writer.address,
        participant_name=writer.name,
        created_at=now,
        updated_at=now,
        last_event_id=account.account_id,
        last_event_time=now,
    )


def arrived(
    message_id: UUID,
    content_ref: UUID,
    thread: Thread,
    account: AccountState,
    mail: Mail,
    writer: Person,
    *,
    at: datetime,
    now: datetime,
) -> Message:
    """Return a mail as a message of its thread; `at` is when it arrived."""
    return Message(
        id=message_id,
        thread_id=thread.id,
        account_id=account.account_id,
        tenant_id=thread.tenant_id,
        workspace_id=thread.workspace_id,
        direction=Direction.INBOUND,
        status=MessageStatus.RECEIVED,
        content_ref=content_ref,
        from_email=writer.address,
        to_email=account.address,
        created_at=now,
        updated_at=now,
        sent_at=at,
        provider_message_id=mail.message_id,
        in_reply_to=next(iter(references_of(mail)), None),
    )


def content_of(mail: Mail) -> MailContent:
    """Return what is kept of what a mail says; its attachments stay where they are."""
    copies = [one_line(each) for each in mail.cc]
    return MailContent(
        subject=None if mail.subject is None else _line(mail.subject),
        text=storable(mail.text),
        html=storable(mail.html),
        cc=", ".join(copies) or None,
        attachments=tuple(_attachment(mail, each) for each in mail.files),
    )


def _attachment(mail: Mail, file: MailFile) -> Attachment:
    return Attachment(
        name=_line(file.name or "") or "attachment",
        bucket=AT_PROVIDER,
        path=one_line(f"{mail.inbox_id}/{mail.message_id}/{file.id}"),
        mime_type=one_line(file.mime_type or "application/octet-stream"),
        size=file.size,
        content_disposition="inline" if file.disposition == "inline" else "attachment",
    )


def _ids(text: str) -> list[str]:
    """Return the Message-IDs in a header; one without its brackets is taken as it stands."""
    return _ID.findall(text) or text.split()[:1]


def _line(text: str) -> str:
    return one_line(text)[:_MOST_CHARACTERS]
