"""A client sends a message: everything is decided here, and then it only waits to be handed to the provider."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.threads import limits
from services.threads.domain import message as messages
from services.threads.domain import refusals
from services.threads.domain import thread as threads
from services.threads.domain.mail import answered, recipients, taken_over, with_subject_of
from services.threads.domain.message import Message
from services.threads.domain.refusals import Refusal
from services.threads.domain.senders import Sender, why_not
from services.threads.domain.thread import EDITABLE, Thread
from services.threads.handlers.facts import tell_message
from services.threads.handlers.requests import refuse, refuse_twice, sender_as_seen, thread_seen_by
from services.threads.store import Store
from services.threads.suppressions import suppressed
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageQueued, MessageSendRequested
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that may go: what it says, to whom, from whom, and what it answers."""

    sender: Sender
    account: AccountState
    participant: str
    content: MailContent
    given: MailContent
    answers: Message | None


async def send_message(
    store: Store, recorder: Recorder, request: Recorded, data: MessageSendRequested
) -> None:
    """Queue the message, or say why not; the worker that sends it answers (S3-6, S3-37, A24, A27).

    Raises:
        NotYet: The sender is not yet known here as the gateway saw it.
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await store.begin(request):
        return
    thread = await thread_seen_by(store, request.subject, data)
    if thread is None:
        await refuse(store, request, refusals.THREAD_NOT_FOUND, data.content_ref)
        return
    letter = await _letter(store, thread, data)
    if isinstance(letter, Refusal):
        await refuse(store, request, letter, data.content_ref)
        return
    now = recorder.clock.now()
    account_id, limit = letter.sender.account_id, letter.account.daily_limit
    if not await limits.take(store.connection, account_id, now.date(), limit):
        refusal = refusals.daily_limit_reached(limit, now.date())
        await refuse(store, request, refusal, data.content_ref)
        return
    is_whole = letter.content == letter.given
    message = messages.queued(
        thread,
        account_id,
        request,
        data,
        content_ref=data.content_ref if is_whole else recorder.ids.new(),
        from_email=letter.sender.address,
        to_email=letter.participant,
        answers=letter.answers,
        now=now,
    )
    told, message, fact = tell_message(
        recorder,
        thread,
        threads.queued(thread, account_id),
        None,
        message,
        MessageQueued,
        cause=Cause.of(request),
        request_id=request_id,
    )
    if not await store.save_thread(thread, told):
        await limits.give_back(store.connection, account_id, now.date())
        existing = await store.in_the_way_of(told)
        await refuse_twice(store, request, existing, data.content_ref)
        return
    await store.add_message(message)
    await _keep(store, thread, message, letter.content, data.content_ref)
    await store.record(fact)


async def _letter(store: Store, thread: Thread, data: MessageSendRequested) -> Letter | Refusal:
    if thread.status not in EDITABLE:
        return refusals.thread_not_sendable(thread.status)
    chosen = _account_of(thread, data.account_id)
    if isinstance(chosen, Refusal):
        return chosen
    sender = await sender_as_seen(store, chosen, data.seen)
    refusal = why_not(sender, thread.tenant_id, thread.workspace_id)
    if refusal is not None or sender is None or sender.account is None:
        return refusal or refusals.ACCOUNT_NOT_FOUND
    if thread.participant_email is None:
        return refusals.PARTICIPANT_MISSING
    return await _written(store, thread, data, sender, sender.account, thread.participant_email)


async def _written(
    store: Store,
    thread: Thread,
    data: MessageSendRequested,
    sender: Sender,
    account: AccountState,
    participant: str,
) -> Letter | Refusal:
    refs = [data.content_ref, *([thread.draft_ref] if thread.draft_ref else [])]
    found = await parts.get_many(store.connection, refs)
    given = found.get(data.content_ref)
    if given is None or not (given.text or "").strip():
        return refusals.BODY_MISSING
    content = taken_over(given, found.get(thread.draft_ref) if thread.draft_ref else None)
    earlier = await store.answerable(thread.id, sender.account_id)
    answers = answered(earlier, sender.account_id, data.threading_mode)
    if isinstance(answers, Refusal):
        return answers
    if answers is not None:
        of_it = await parts.get(store.connection, answers.content_ref)
        content = with_subject_of(content, of_it)
    elif content.subject is None:
        content = content.model_copy(update={"subject": await store.last_subject(thread.id)})
    if not (content.subject or "").strip() and answers is None:
        return refusals.SUBJECT_MISSING
    held_back = await suppressed(store.connection, thread.workspace_id, recipients(participant, content))
    if held_back:
        return refusals.recipient_suppressed(held_back[0])
    return Letter(sender, account, participant, content, given, answers)


def _account_of(thread: Thread, asked: UUID | None) -> UUID | Refusal:
    """Return the sender: the thread's own, or the one that is given with the first message (S3-12, S3-35)."""
    if thread.account_id is None:
        return asked or refusals.ACCOUNT_MISSING
    return thread.account_id if asked in {None, thread.account_id} else refusals.ACCOUNT_MISMATCH


async def _keep(
    store: Store, thread: Thread, message: Message, content: MailContent, given_ref: UUID
) -> None:
    """Keep what is sent, and forget the draft that it was."""
    used = [thread.draft_ref] if thread.draft_ref else []
    if message.content_ref != given_ref:
        used.append(given_ref)
        await parts.put(
            store.connection,
            id=message.content_ref,
            tenant_id=thread.tenant_id,
            workspace_id=thread.workspace_id,
            thread_id=thread.id,
            kind="message",
            body=content,
        )
    await parts.forget(store.connection, used)
