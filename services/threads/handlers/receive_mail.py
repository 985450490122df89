"""A mail that arrived joins the thread it belongs to, or begins one."""

from __future__ import annotations

from enum import StrEnum

from services.threads.domain.arriving import (
    OUT_OF_SIGHT,
    Person,
    arrived,
    begun,
    content_of,
    is_warmup,
    own_ids,
    references_of,
    writer_of,
)
from services.threads.domain.thread import Thread, received
from services.threads.handlers.facts import tell_message
from services.threads.ports import Mail
from services.threads.store_arrivals import ArrivalStore
from shared.content import parts
from shared.contracts.accounts import AccountState
from shared.contracts.threads import MessageReceived, ThreadStatus
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder

CORRESPONDENCE = (ThreadStatus.DRAFT, ThreadStatus.ACTIVE, ThreadStatus.ARCHIVED)
WARMUP = (ThreadStatus.WARMUP,)


class Outcome(StrEnum):
    """What became of something that arrived."""

    JOINED = "joined"
    BEGUN = "begun"
    """It began a thread."""
    MARKED = "marked"
    """A message that had left bears what befell it."""
    DUPLICATE = "duplicate"
    KEPT_OUT = "kept_out"
    """The provider finds it suspicious."""
    NOBODYS = "nobodys"
    """No account with threads has this inbox, or the message did not leave from here."""
    GONE = "gone"
    """It was deleted at the provider before it could be read."""
    UNREADABLE = "unreadable"
    NOT_YET = "not_yet"
    """What it depends on has not arrived or changed meanwhile; it is looked at again."""


async def receive_mail(
    store: ArrivalStore, recorder: Recorder, account: AccountState, mail: Mail, tag: str, cause: Cause | None
) -> Outcome:
    """Keep a mail in its thread, once however often it is reported or found; `tag` marks warmup's (S3-31)."""
    writer = writer_of(mail)
    if writer is None:
        return Outcome.UNREADABLE
    if OUT_OF_SIGHT & set(mail.labels):
        return Outcome.KEPT_OUT
    await store.queue_up(account.account_id)
    if await store.has_mail(account.account_id, mail.message_id):
        return Outcome.DUPLICATE
    of_warmup, now = is_warmup(mail, tag), recorder.clock.now()
    joined = await _thread_for(store, account, mail, writer, of_warmup=of_warmup)
    before = joined or begun(recorder.ids.new(), account, writer, is_warmup=of_warmup, now=now)
    at = min(mail.at, now)
    message = arrived(recorder.ids.new(), recorder.ids.new(), before, account, mail, writer, at=at, now=now)
    after = received(before, at, mail.thread_id)
    told, message, fact = tell_message(recorder, before, after, None, message, MessageReceived, cause=cause)
    if joined is not None:
        await store.save_thread(joined, told)
    elif not await store.add_thread(told):
        # A client drafted a thread with its writer at this moment: the mail belongs there.
        return Outcome.NOT_YET
    await parts.put(
        store.connection,
        id=message.content_ref,
        tenant_id=message.tenant_id,
        workspace_id=message.workspace_id,
        thread_id=message.thread_id,
        kind="message",
        body=content_of(mail),
    )
    await store.add_message(message)
    await store.record(fact)
    return Outcome.BEGUN if joined is None else Outcome.JOINED


async def _thread_for(
    store: ArrivalStore, account: AccountState, mail: Mail, writer: Person, *, of_warmup: bool
) -> Thread | None:
    """Return the thread a mail joins, locked: by what it answers, by the provider's thread, by its writer."""
    linked = WARMUP if of_warmup else (*CORRESPONDENCE, *WARMUP)
    references = references_of(mail)
    found = (
        await store.answered(account.account_id, references, own_ids(references), linked)
        or await store.holding(account.account_id, mail.thread_id, linked)
        or await store.between(account, writer.address, WARMUP if of_warmup else CORRESPONDENCE)
    )
    thread = None if found is None else await store.thread(found)
    if thread is None or thread.status is ThreadStatus.ERASED:
        return None
    return thread
