"""What happens to a thread and a message when something is asked, sent or received."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.threads.causes import request_for
from services.threads.domain import message as messages
from services.threads.domain import thread as threads
from services.threads.domain.state import message_state, thread_state
from services.threads.domain.transitions import IllegalTransition
from services.threads.handlers.facts import tell, tell_message
from shared.clock import RandomIds, SystemClock
from shared.contracts.accounts import Failure
from shared.contracts.threads import (
    Direction,
    MessageReceived,
    MessageSent,
    MessageStatus,
    ThreadChanged,
    ThreadChanges,
    ThreadErased,
    ThreadStatus,
)
from shared.messaging.recorder import Recorder
from tests.unit.threads.samples import ACCOUNT, NOW, message, thread

HOUR = timedelta(hours=1)
RECORDER = Recorder(SystemClock(), RandomIds())
FAILURE = Failure(code="message_refused", message="No.")


def test_mail_that_turns_up_late_moves_neither_the_last_time_nor_the_last_direction() -> None:
    after = threads.received(threads.sent(thread(ThreadStatus.ACTIVE), NOW), NOW - HOUR)

    assert (after.last_direction, after.last_message_at) == (Direction.OUTBOUND, NOW)
    assert (after.received, after.last_inbound_at) == (1, NOW - HOUR)
    later = threads.received(after, NOW + HOUR, "provider-thread")
    assert (later.last_direction, later.last_inbound_at) == (Direction.INBOUND, NOW + HOUR)
    assert later.provider_thread_id == "provider-thread"
    assert threads.received(later, NOW + HOUR).provider_thread_id == "provider-thread"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ThreadStatus.DRAFT, ThreadStatus.ACTIVE),
        (ThreadStatus.ACTIVE, ThreadStatus.ACTIVE),
        (ThreadStatus.ARCHIVED, ThreadStatus.ARCHIVED),
        (ThreadStatus.WARMUP, ThreadStatus.WARMUP),
    ],
)
def test_mail_makes_a_draft_a_correspondence_and_moves_nothing_else(
    before: ThreadStatus, after: ThreadStatus
) -> None:
    assert threads.received(thread(before), NOW).status is after


def test_a_message_counts_from_the_moment_it_is_on_its_way_until_it_certainly_was_not_sent() -> None:
    queued = threads.queued(thread(draft_ref=UUID(int=9)), ACCOUNT)
    assert (queued.sent, queued.draft_ref, queued.status) == (1, None, ThreadStatus.ACTIVE)
    assert threads.not_sent(queued).sent == 0
    assert threads.perhaps_sent(queued, NOW).sent == 1
    assert threads.sent(queued, NOW).last_message_at == NOW


@pytest.mark.parametrize("status", [ThreadStatus.DRAFT, ThreadStatus.ACTIVE])
def test_asking_for_active_changes_only_what_is_archived(status: ThreadStatus) -> None:
    before = thread(status)
    assert threads.changed(before, ThreadChanges(status="active"), ("status",)) == before
    assert threads.changed(before, ThreadChanges(status="archived"), ()) == before


def test_an_erased_thread_keeps_no_person() -> None:
    before = thread(participant_email="ann@example.com", participant_name="Ann", draft_ref=UUID(int=9))
    state = thread_state(threads.erased(before))
    assert (state.participant_email, state.participant_name, state.draft_ref) == (None, None, None)


def test_a_message_that_came_to_an_end_waits_for_nothing_and_answers_nobody() -> None:
    before = message(request_id=UUID(int=1), request_event_id=UUID(int=2), request_event_time=NOW, due_at=NOW)
    assert before.is_untouched
    cause = request_for(before)
    assert cause is not None
    assert cause.event_id == UUID(int=2)
    for after in (
        messages.sent(before, NOW, "<1@world>"),
        messages.failed(before, FAILURE),
        messages.unknown(before, FAILURE),
    ):
        assert (after.request_id, after.due_at, request_for(after)) == (None, None, None)
        assert not after.is_untouched
    assert not message(intent_at=NOW).is_untouched
    assert message_state(messages.bounced(before, FAILURE)).failure == FAILURE
    assert messages.complained(before, FAILURE).status is MessageStatus.COMPLAINED


def test_what_is_told_is_one_version_on_and_later_than_what_came_before() -> None:
    before = thread(ThreadStatus.ACTIVE, version=4, last_event_time=NOW + 100_000 * HOUR)

    told, event = tell(RECORDER, before, before, ThreadChanged)

    assert (told.version, event.sequence, event.causation_id) == (5, 5, before.last_event_id)
    assert event.time == told.last_event_time > before.last_event_time
    assert isinstance(event.data, ThreadChanged)
    assert event.data.thread.updated_at == event.time


def test_a_message_is_told_with_its_thread_and_only_as_both_may_go() -> None:
    before, waiting = thread(ThreadStatus.ACTIVE, version=2), message()
    left = messages.sent(waiting, NOW, "<1@world>")

    told, as_told, event = tell_message(
        RECORDER, before, threads.sent(before, NOW), waiting, left, MessageSent
    )

    assert isinstance(event.data, MessageSent)
    assert (event.data.thread, event.data.message) == (thread_state(told), message_state(as_told))
    assert as_told.updated_at == event.time
    with pytest.raises(IllegalTransition):
        tell_message(RECORDER, before, before, left, left, MessageSent)
    with pytest.raises(IllegalTransition):
        tell_message(RECORDER, threads.erased(before), before, None, left, MessageReceived)
    gone, _ = tell(RECORDER, before, threads.erased(before), ThreadErased)
    with pytest.raises(IllegalTransition):
        tell(RECORDER, gone, gone, ThreadChanged)
